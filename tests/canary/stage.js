/// A server on either kind of store, with the log at trace, and the search of all that it leaves.
///
///     for (const stage of stages(world)) describe(`on ${stage.engine}`, { skip: stage.skip }, () => { stage.open(); ... stage.close(); });

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { messageRequest } from "../lib/anthropic.js";
import { Postgres } from "../lib/postgres.js";
import { messagesRequest } from "../lib/sluice.js";
import { Canaries } from "./canaries.js";
import { Witness } from "./witness.js";

export class Stage {
  constructor(world, engine) {
    this.world = world;
    this.engine = engine;
    this.skip = engine === "PostgreSQL" && !Postgres.installed ? "PostgreSQL is not installed" : false;
    this.canaries = new Canaries();
    this.witness = new Witness(this.canaries);
  }

  /// Registers what comes before and after the tests.
  open() {
    before(async () => {
      const env = this.engine === "PostgreSQL" ? { SLUICE_STORE_URL: await this.#startPostgres() } : {};
      this.sluice = await this.world.sluice({ log: { level: "trace" }, key: [] }, { env });
    });
    after(async () => {
      await this.sluice.process.stop();
      await this.postgres?.stop();
    });
  }

  /// The URL of a database, with a password that is a canary.
  async #startPostgres() {
    this.postgres = await Postgres.start();
    const database = /@\/(\w+)/.exec(await this.postgres.database())[1];
    const password = this.canaries.makePassword("store password");
    await this.postgres.sql(`CREATE ROLE canary LOGIN PASSWORD '${password}'; ALTER DATABASE ${database} OWNER TO canary`);
    const host = encodeURIComponent(this.postgres.folder);
    this.storeUrl = `postgresql://canary:${encodeURIComponent(password)}@/${database}?host=${host}`;
    return this.storeUrl;
  }

  /// A command on the store, whatever its end.
  runs(args, options) {
    return this.witness.runs(this.sluice, args, options);
  }

  /// One that must succeed; what it printed, read as JSON where it is.
  async does(args, options) {
    const done = await this.runs(args, options);
    assert.equal(done.code, 0, `sluice ${args.join(" ")}: ${done.stderr}`);
    return args.includes("--json") ? JSON.parse(done.stdout) : done.stdout;
  }

  /// A file beside the configuration.
  file(name, text) {
    const at = path.join(this.sluice.folder, name);
    if (text !== undefined) fs.writeFileSync(at, text, { mode: 0o600 });
    return at;
  }

  /// A request to be relayed, which begins a conversation of its own: one that goes on would stay with its account.
  relayed(model, secret) {
    this.conversations = (this.conversations ?? 0) + 1;
    const body = messageRequest({ model, text: `conversation ${this.conversations}` });
    return this.witness.asks(this.sluice, messagesRequest(body, { "x-api-key": secret }));
  }

  async #searchStore(when) {
    const folder = path.join(this.sluice.folder, "data");
    this.canaries.searchFolder(`the data folder ${when}`, folder, { except: /^master\.key$/ });
    if (!this.postgres) return;
    const { stdout } = await promisify(execFile)("pg_dump", [this.storeUrl], { maxBuffer: 1 << 28 });
    this.canaries.search(`the dump ${when}`, stdout);
  }

  /// Registers the last tests: what everybody may read, the store, the log.
  close() {
    test("in what monitors read", async () => {
      for (const target of ["/metrics", "/health", "/ready", "/admin/api/openapi.json"]) {
        await this.witness.asks(this.sluice, { method: "GET", path: target, headers: {} });
      }
    });

    test("in the log, at trace, and in the store, while it is open and after a crash", async () => {
      await this.#searchStore("while it is open");
      assert.ok(this.sluice.log.length > 1000);
      this.witness.sees("serve", this.sluice.process);
      await this.sluice.kill();
      await this.#searchStore("after a crash");
      await this.sluice.again();
      this.witness.sees("serve again", this.sluice.process);
    });

    test("anywhere at all", () => this.canaries.assertNothingLeaked());
  }
}

export function stages(world) {
  return ["SQLite", "PostgreSQL"].map((engine) => new Stage(world, engine));
}
