/// A child process whose lines are read, and what /proc tells of it.

import { spawn } from "node:child_process";
import fs from "node:fs";

import { deferred, patience, within } from "./waiting.js";

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class Process {
  /// `input`: what it reads from its standard input; none otherwise.
  constructor(program, args, { env = {}, cwd, input } = {}) {
    this.name = `${program.split("/").at(-1)} ${args[0] ?? ""}`;
    // Only what the program is meant to see: SLUICE_* of the tests themselves are no settings of the program.
    const inherited = [
      "PATH",
      "HOME",
      "TMPDIR",
      "ASAN_OPTIONS",
      "UBSAN_OPTIONS",
      "TSAN_OPTIONS",
      "ASAN_SYMBOLIZER_PATH",
      "TSAN_SYMBOLIZER_PATH",
    ];
    const environment = Object.fromEntries(
      inherited.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
    );
    this.child = spawn(program, args, {
      env: { ...environment, ...env },
      cwd,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    if (input !== undefined) this.child.stdin.on("error", () => {}).end(input);
    running.add(this.child);
    this.stdout = "";
    this.stderr = "";
    this.watchers = new Set();
    this.exit = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code, signal) => {
        running.delete(this.child);
        this.code = code ?? signal;
        resolve(this.code);
        for (const look of [...this.watchers]) look();
      });
    });
    this.exit.catch(() => {});
    for (const stream of ["stdout", "stderr"]) {
      this.child[stream].setEncoding("utf8");
      this.child[stream].on("data", (text) => {
        this[stream] += text;
        for (const look of [...this.watchers]) look();
      });
    }
  }

  get pid() {
    return this.child.pid;
  }

  /// The match of `pattern` in what the process has printed to `stream`, as soon as it is there.
  printed(pattern, { stream = "stderr", ms = 10000, from = 0 } = {}) {
    const found = deferred();
    const look = () => {
      const match = pattern.exec(this[stream].slice(from));
      if (match) found.resolve(match);
      else if (this.code !== undefined)
        found.reject(
          new Error(`${this.name} ended with ${this.code} before it printed ${pattern}:\n${this.stderr}`),
        );
      else return;
      this.watchers.delete(look);
    };
    this.watchers.add(look);
    look();
    return within(
      ms * patience,
      found.promise,
      () => `${pattern} from ${this.name}; it printed:\n${this[stream].slice(-2000)}\n`,
    );
  }

  signal(name) {
    this.child.kill(name);
  }

  /// Ends it as an operator would; the exit code.
  async stop(ms = 10000) {
    if (this.code === undefined) this.signal("SIGTERM");
    return this.exited(ms);
  }

  async exited(ms = 10000) {
    try {
      return await within(
        ms * patience,
        this.exit,
        () => `end of ${this.name}; it printed:\n${this.stderr.slice(-2000)}\n`,
      );
    } catch (error) {
      this.child.kill("SIGKILL");
      throw error;
    }
  }

  /// Resident bytes.
  get memory() {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${this.pid}/status`, "latin1"));
    return Number(kib) * 1024;
  }
}
