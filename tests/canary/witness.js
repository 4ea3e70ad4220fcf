/// Sees all that comes out of servers and commands, and shows it to the canaries.

import { Process } from "../lib/process.js";
import { request } from "../lib/raw_client.js";
import { program } from "../lib/sluice.js";

export class Witness {
  constructor(canaries) {
    this.canaries = canaries;
  }

  /// One request on its own connection; the answer.
  async asks(sluice, options, { except = [] } = {}) {
    const answer = await request(sluice.port, { secure: sluice.secure, ...options });
    const { head, bytes } = answer;
    const lines = [head.startLine, ...head.fields.map(([name, value]) => `${name}: ${value}`), ""];
    const where = `${options.method} ${options.path.split("?")[0]} -> ${answer.status}`;
    this.canaries.search(where, Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), bytes]), { except });
    return answer;
  }

  /// A command on the store of `sluice`; `{code, stdout, stderr}`.
  async runs(sluice, args, { except = [], ...options } = {}) {
    const done = await sluice.runs(args, options);
    this.sees(`sluice ${args.join(" ")}`, done, except);
    return done;
  }

  /// The program with these arguments alone, to its end.
  async runsAlone(args, { except = [], ...options } = {}) {
    const alone = new Process(program, args, options);
    const code = await alone.exited(20000);
    const done = { code, stdout: alone.stdout, stderr: alone.stderr };
    this.sees(`sluice ${args[0]}`, done, except);
    return done;
  }

  sees(where, { stdout, stderr }, except = []) {
    this.canaries.search(`${where}: stdout`, stdout, { except });
    this.canaries.search(`${where}: stderr`, stderr, { except });
  }
}
