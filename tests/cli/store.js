/// A store of its own, without a server.

import fs from "node:fs";
import path from "node:path";

import { Process } from "../lib/process.js";
import { program, temporaryFolder } from "../lib/sluice.js";

export class Store {
  constructor() {
    this.folder = temporaryFolder();
    this.data = path.join(this.folder, "data");
  }

  /// `{code, stdout, stderr}`, whatever its end.
  async runs(args, { input, env = {}, place = ["--data", this.data] } = {}) {
    const command = new Process(program, [...args, ...place], { env, cwd: this.folder, input });
    const code = await command.exited(30000);
    return { code, stdout: command.stdout, stderr: command.stderr };
  }

  /// What it printed; it must succeed and have nothing to complain of.
  async does(args, options) {
    const done = await this.runs(args, options);
    if (done.code !== 0 || done.stderr !== "")
      throw new Error(`sluice ${args.join(" ")} ended with ${done.code}: ${done.stderr}`);
    return done.stdout;
  }

  /// The JSON document that it printed.
  async gives(args, options) {
    return JSON.parse(await this.does([...args, "--json"], options));
  }

  /// A file of the folder.
  file(name, text, mode = 0o600) {
    const file = path.join(this.folder, name);
    if (text !== undefined) fs.writeFileSync(file, text, { mode });
    return file;
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
