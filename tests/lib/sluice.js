/// The program under test, with a data folder and a configuration of its own, on a free port.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { parseMetrics } from "./metrics.js";
import { Process } from "./process.js";
import { RawClient, request } from "./raw_client.js";
import { toml } from "./toml.js";

export const program =
  process.env.SLUICE_PROGRAM ?? path.resolve(import.meta.dirname, "../../build/dev/sluice");

export const clientSecret = "sk-slc-TESTtestTESTtestTESTtestTESTtestTESTtestTES";
export const providerSecret = "sk-ant-PROVIDERproviderPROVIDERprovider0123456789";

/// The key that requests use unless told otherwise.
export const defaultKey = { name: "tester", secret: clientSecret };

/// An account at `provider` (anything with a `url`) that serves the models of `more.models`, or all.
export function account(provider, name = "main", more = {}) {
  return {
    name,
    provider: "anthropic",
    base_url: provider.url,
    credential: { api_key: providerSecret },
    ...more,
  };
}

export function temporaryFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), "sluice-test-"));
}

export class Sluice {
  /// `config` is the TOML document as an object: `{server, relay, account: [...], key: [...]}`. `args` go behind `serve`.
  static async start(config = {}, { args = [], env = {}, secure = null } = {}) {
    const sluice = new Sluice();
    sluice.folder = temporaryFolder();
    sluice.secure = secure;
    sluice.args = args;
    sluice.env = env;
    sluice.configure(config);
    await sluice.again();
    return sluice;
  }

  /// Another server on the same store and configuration.
  static async beside(other) {
    const sluice = Object.assign(new Sluice(), { ...other, shares: true });
    await sluice.again();
    return sluice;
  }

  /// Starts the program, anew after it ended, on the data that it has.
  async again() {
    this.process = new Process(program, ["serve", ...this.place, ...this.args], { env: this.env, cwd: this.folder });
    const [, port] = await this.process.printed(/server\.listening .*?address="?127\.0\.0\.1:(\d+)/);
    this.port = Number(port);
    this.url = `${this.secure ? "https" : "http"}://127.0.0.1:${port}`;
  }

  /// The flags with which every command finds this server's configuration and store.
  get place() {
    return ["--config", this.configFile, "--data", path.join(this.folder, "data")];
  }

  /// A command that works on this server's store, whatever its end: `{code, stdout, stderr}`.
  async runs(args, { input, env = {} } = {}) {
    const command = new Process(program, [...args, ...this.place], { env: { ...this.env, ...env }, cwd: this.folder, input });
    const code = await command.exited(20000);
    return { code, stdout: command.stdout, stderr: command.stderr };
  }

  /// The same, and it must succeed.
  async does(args, options) {
    const done = await this.runs(args, options);
    if (done.code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${done.code}: ${done.stderr}`);
    return done;
  }

  /// As a power cut would.
  async kill() {
    this.process.signal("SIGKILL");
    await this.process.exited();
  }

  /// Writes the configuration file; a running server reads it at `reload()`.
  configure(config) {
    const { server = {}, log = {}, key = [defaultKey], ...rest } = config;
    const document = {
      server: { listen: "127.0.0.1:0", threads: 1, ...server },
      log: { level: "debug", ...log },
      ...rest,
      key,
    };
    this.writeConfig(toml(document));
  }

  writeConfig(text) {
    this.configFile = path.join(this.folder, "sluice.toml");
    fs.writeFileSync(this.configFile, text);
  }

  /// Asks for a reload and waits until the log tells how it went.
  async reload(outcome = /config\.reloaded/) {
    const from = this.process.stderr.length;
    this.process.signal("SIGHUP");
    return this.process.printed(outcome, { from });
  }

  get log() {
    return this.process.stderr;
  }

  connect(options = {}) {
    return RawClient.connect(this.port, { secure: this.secure, ...options });
  }

  /// A POST of `body` to the Messages API with the default key; anything may be replaced.
  messages(body, { headers = {}, ...more } = {}) {
    return request(this.port, { secure: this.secure, ...messagesRequest(body, headers), ...more });
  }

  get(target, headers = {}) {
    return request(this.port, { secure: this.secure, method: "GET", path: target, headers });
  }

  async metrics(headers = {}) {
    const answer = await this.get("/metrics", headers);
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}: ${answer.text}`);
    return parseMetrics(answer.text);
  }

  /// As the server counts them: /proc/PID/fd is closed to others.
  async openFiles() {
    return (await this.metrics()).sum("process_open_fds");
  }

  /// Exit code after SIGTERM.
  async stop() {
    const code = await this.process.stop();
    if (!this.shares) fs.rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

export function messagesRequest(body, headers = {}) {
  return {
    method: "POST",
    path: "/v1/messages",
    headers: {
      "x-api-key": clientSecret,
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
      ...headers,
    },
    body,
  };
}
