/// A throw-away PostgreSQL of a test's own, see postgres.sh.
///
///     if (!Postgres.installed) return t.skip("PostgreSQL is not installed");
///     const postgres = await Postgres.start();
///     const url = await postgres.database();   // a new, empty one: "postgresql://sluice:...@/test_1?host=..."
///     await postgres.stop();

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Process } from "./process.js";
import { eventually, patience } from "./waiting.js";

const script = path.join(import.meta.dirname, "postgres.sh");
const password = "sl/u:c@e %1";

// Also where a test ends without stopping its server: that one goes by itself then.
const folders = new Set();
process.on("exit", () => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

function binaries() {
  const root = "/usr/lib/postgresql";
  const versions = fs.existsSync(root) ? fs.readdirSync(root).sort((a, b) => Number(a) - Number(b)) : [];
  return versions.map((version) => path.join(root, version, "bin")).findLast((bin) => fs.existsSync(path.join(bin, "initdb")));
}

export class Postgres {
  /// In CI its absence is a fault, not a reason to skip.
  static get installed() {
    return binaries() !== undefined || process.env.CI === "true";
  }

  static async start() {
    const postgres = new Postgres();
    postgres.folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-postgres-"));
    folders.add(postgres.folder);
    postgres.databases = 0;
    await postgres.run();
    return postgres;
  }

  /// Starts the server again, on what it has.
  async run() {
    fs.rmSync(path.join(this.folder, "data", "postmaster.pid"), { force: true });
    this.process = new Process(script, [this.folder]);
    await eventually(() => this.#ready(), "the PostgreSQL server is ready", 30000 * patience);
  }

  #ready() {
    if (this.process.code !== undefined) {
      throw new Error(`PostgreSQL ended with ${this.process.code}:\n${this.process.stderr}`);
    }
    try {
      return /\nready\s*$/.test(fs.readFileSync(path.join(this.folder, "data", "postmaster.pid"), "latin1"));
    } catch {
      return false;
    }
  }

  url(database = "postgres") {
    return `postgresql://sluice:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(this.folder)}`;
  }

  /// The output of one SQL text, as psql prints it without decoration.
  async sql(text, database = "postgres") {
    const { stdout } = await promisify(execFile)("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text, this.url(database)]);
    return stdout.trimEnd();
  }

  /// Everything in the newest database, as pg_dump writes it.
  async dump() {
    const { stdout } = await promisify(execFile)("pg_dump", [this.url(`test_${this.databases}`)], { maxBuffer: 1 << 28 });
    return stdout;
  }

  /// The URL of a new, empty database.
  async database() {
    const name = `test_${++this.databases}`;
    await this.sql(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /// Ends the server and keeps its data: `run()` brings it back.
  async halt() {
    if (this.process.code === undefined) this.process.signal("SIGINT");
    await this.process.exited(20000);
  }

  async stop() {
    await this.halt();
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}
