/// Every management command on a store alone: what it does, what it prints, how it ends.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";

import { program } from "../lib/sluice.js";
import { Process } from "../lib/process.js";
import { Store } from "./store.js";

const canary = "sk-ant-CANARYcanaryCANARYcanary";
const env = { PROVIDER_KEY: canary };
let store;

before(() => {
  store = new Store();
});
after(() => store.remove());

const account = (name, more = []) => [
  "account", "add", "--name", name, "--provider", "anthropic", "--api-key", "env:PROVIDER_KEY", ...more,
];

describe("account", () => {
  test("add, show, list: fields as the file names them", async () => {
    const added = await store.gives(
      account("main", [
        "--priority", "5", "--weight", "2", "--max-concurrency", "3", "--model", "claude-*", "--map",
        "sonnet=claude-sonnet-4-5", "--pool", "a", "--pool", "b", "--proxy", "http://proxy.example:3128",
        "--note", "the first", "--expires", "2099-01-01T00:00:00Z", "--limit", "requests=100/1m", "--budget", "day=10",
        "--active-hours", "mon,tue 09:00-17:00", "--time-zone", "Asia/Shanghai", "--connect-timeout-ms", "500",
        "--cooling", "rate_limited=30s", "--cooling", "overloaded=0",
      ]),
      { env },
    );
    assert.deepEqual(Object.keys(added), ["id", "name"]);
    const shown = await store.gives(["account", "show", "main"]);
    assert.equal(shown.id, added.id);
    assert.equal(shown.version, 1);
    for (const [name, value] of Object.entries({
      name: "main",
      provider: "anthropic",
      base_url: "https://api.anthropic.com",
      priority: 5,
      weight: 2,
      max_concurrency: 3,
      models: ["claude-*"],
      model_map: { sonnet: "claude-sonnet-4-5" },
      pools: ["a", "b"],
      cooling: { rate_limited: "30s", overloaded: "0" },
      proxy: "http://proxy.example:3128",
      note: "the first",
      expires: "2099-01-01T00:00:00Z",
      time_zone: "Asia/Shanghai",
      connect_timeout_ms: 500,
      disabled: false,
    }))
      assert.deepEqual(shown[name], value, name);
    assert.equal(shown.limits.requests, "100/1m");
    assert.deepEqual(shown.budgets, { day: 10 });
    assert.equal(shown.active_hours.length, 1);
    assert.match(shown.credential.secret_hint, /nary$/);
    const listed = await store.gives(["account", "list"]);
    assert.deepEqual(listed.map((one) => one.name), ["main"]);
    assert.deepEqual(Object.keys(listed[0]), Object.keys(shown));
    const text = await store.does(["account", "show", "main"]);
    assert.match(text, /^name: +main$/m);
    assert.match(text, /^expires: +2099-01-01T00:00:00Z \(in 7\d years\)$/m);
    assert.ok(!text.includes(canary));
  });

  test("by id does as well", async () => {
    const shown = await store.gives(["account", "show", "main"]);
    assert.deepEqual(await store.gives(["account", "show", shown.id]), shown);
  });

  test("takes its secret from a file or the standard input", async () => {
    const file = store.file("key", `${canary}-file\n`);
    await store.does(account("by-file").slice(0, 6).concat("--api-key", `file:${file}`));
    await store.does(account("by-stdin").slice(0, 6).concat("--bearer-token", "-"), { input: `${canary}-in\n` });
    assert.match((await store.gives(["account", "show", "by-file"])).credential.secret_hint, /file$/);
    assert.equal((await store.gives(["account", "show", "by-stdin"])).credential.kind, "bearer_token");
  });

  test("of oauth2 has its parts", async () => {
    await store.does(
      [
        "account", "add", "oauth", "--provider", "anthropic", "--oauth2-token-url", "https://auth.example/token",
        "--oauth2-client-id", "c", "--oauth2-client-secret", "env:PROVIDER_KEY", "--oauth2-refresh-token", "-",
        "--oauth2-scope", "a", "--oauth2-scope", "b",
      ],
      { env, input: "refresh-canary" },
    );
    const shown = await store.gives(["account", "show", "oauth"]);
    assert.equal(shown.credential.kind, "oauth2");
    assert.deepEqual(shown.credential.scopes, ["a", "b"]);
    assert.ok(!JSON.stringify(shown).includes("canary-"));
  });

  test("set changes what is named, clear puts it back", async () => {
    const changed = await store.gives([
      "account", "set", "main", "--pool", "c", "--limit", "input_tokens=5/1h", "--clear", "proxy", "--clear", "--expires",
    ]);
    assert.equal(changed.version, 2);
    assert.deepEqual(changed.pools, ["c"]);
    assert.equal(changed.limits.requests, "100/1m");
    assert.equal(changed.limits.input_tokens, "5/1h");
    assert.equal(changed.proxy, "");
    assert.equal(changed.expires, "");
    assert.deepEqual(changed.models, ["claude-*"]);
    const less = await store.gives(["account", "set", "main", "--limit", "input_tokens=", "--clear", "budget"]);
    assert.ok(!less.limits.input_tokens);
    assert.deepEqual(less.budgets, {});
    const renamed = await store.gives(["account", "set", "main", "--name", "first"]);
    assert.equal(renamed.name, "first");
    await store.does(["account", "set", "first", "--name", "main"]);
  });

  test("set --if-version refuses who was too slow", async () => {
    const { version } = await store.gives(["account", "show", "main"]);
    await store.does(["account", "set", "main", "--note", "x", "--if-version", String(version)]);
    const late = await store.runs(["account", "set", "main", "--note", "y", "--if-version", String(version)]);
    assert.equal(late.code, 1);
    assert.equal((await store.gives(["account", "show", "main"])).note, "x");
  });

  test("enable and disable", async () => {
    assert.match(await store.does(["account", "disable", "main"]), /^account main is switched off$/m);
    assert.match(await store.does(["account", "list"]), /^main +disabled/m);
    assert.equal((await store.gives(["account", "enable", "main"])).disabled, false);
  });

  test("remove and restore", async () => {
    const { id } = await store.gives(["account", "show", "by-file"]);
    await store.does(["account", "remove", "by-file"]);
    assert.equal((await store.runs(["account", "show", "by-file"])).code, 1);
    const removed = (await store.gives(["account", "list", "--removed"])).find((one) => one.id === id);
    assert.match(removed.removed, /^\d{4}-/);
    assert.equal((await store.gives(["account", "restore", id])).name, "by-file");
    await store.does(["account", "show", "by-file"]);
  });

  test("list --names and --search", async () => {
    assert.equal(await store.does(["account", "list", "--names", "--search", "by-"]), "by-file\nby-stdin\n");
    assert.match(await store.does(["account", "list", "--search", "nobody"]), /^no accounts/);
  });
});

describe("key", () => {
  test("create prints the secret once", async () => {
    const created = await store.gives([
      "key", "create", "--name", "ci", "--limit", "requests=60/1m", "--limit", "concurrency=10", "--budget", "day=10",
      "--budget", "5h=0.25", "--model", "claude-*", "--model", "!claude-x", "--dialect", "anthropic", "--cidr",
      "10.0.0.0/8", "--user-agent", "good/*", "--expires", "30d after first use", "--time-zone", "Europe/Berlin", "--tag",
      "team", "--note", "n", "--weight", "5",
    ]);
    assert.deepEqual(Object.keys(created), ["id", "name", "secret"]);
    assert.match(created.secret, /^sk-slc-[\w-]{43}$/);
    const shown = await store.gives(["key", "show", "ci"]);
    assert.equal(shown.limits.concurrency, 10);
    assert.equal(shown.limits.requests, "60/1m");
    assert.deepEqual(shown.budgets, { day: 10, "5h": 0.25 });
    assert.deepEqual(shown.clients, { cidrs: ["10.0.0.0/8"], user_agents: ["good/*"] });
    assert.equal(shown.expires, "30d after first use");
    assert.deepEqual(shown.tags, ["team"]);
    assert.equal(shown.weight, 5);
    assert.ok(!JSON.stringify(shown).includes(created.secret));
    assert.ok(shown.secret_hint.endsWith(created.secret.slice(-4)));
    const text = await store.does(["key", "create", "people"]);
    assert.match(text, /^key people created \(\w{26}\)\n\n {2}sk-slc-[\w-]{43}\n\nThis is the only time it is shown\.\n$/);
  });

  test("takes a secret that stands already, or its hash", async () => {
    const made = await store.gives(["key", "create", "own", "--secret", "env:OWN"], { env: { OWN: "sk-slc-OWNownOWNownOWNown" } });
    assert.deepEqual(Object.keys(made), ["id", "name"]);
    await store.does(["key", "create", "hashed", "--sha256", "ab".repeat(32)]);
    assert.equal((await store.runs(["key", "create", "bad", "--sha256", "xy"])).code, 2);
  });

  test("set, revoke, enable, remove", async () => {
    const changed = await store.gives(["key", "set", "ci", "--cidr", "192.0.2.0/24", "--limit", "concurrency=", "--weight", "9"]);
    assert.equal(changed.weight, 9);
    assert.deepEqual(changed.clients, { cidrs: ["192.0.2.0/24"], user_agents: ["good/*"] });
    assert.equal(changed.limits.requests, "60/1m");
    assert.match(await store.does(["key", "revoke", "ci"]), /^key ci is revoked/);
    assert.match(await store.does(["key", "list"]), /^ci +disabled/m);
    assert.equal((await store.gives(["key", "enable", "ci"])).disabled, false);
    assert.match(await store.does(["key", "remove", "people", "--yes"]), /`sluice key restore \w{26}`/);
  });

  test("may belong to a user", async () => {
    await store.does(["user", "add", "owner"]);
    await store.does(["key", "set", "ci", "--owner", "owner"]);
    const nobody = await store.runs(["key", "set", "ci", "--owner", "nobody"]);
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, /--owner/);
  });
});

describe("pool", () => {
  test("add, show, set, list, remove", async () => {
    await store.does(["pool", "add", "--name", "spare", "--note", "nights", "--limit", "requests=5/1m"]);
    const shown = await store.gives(["pool", "show", "spare"]);
    assert.equal(shown.note, "nights");
    assert.equal(shown.limits.requests, "5/1m");
    assert.equal((await store.gives(["pool", "set", "spare", "--note", "days"])).note, "days");
    assert.ok((await store.gives(["pool", "list"])).some((pool) => pool.name === "spare"));
    await store.does(["pool", "remove", "spare"]);
  });
});

describe("user", () => {
  test("add with a password of ours, or one that is made up and shown once", async () => {
    const file = store.file("password", "correct horse battery staple\nsecond line\n");
    const given = await store.gives(["user", "add", "--name", "ann", "--role", "admin", "--password-file", file]);
    assert.deepEqual(Object.keys(given), ["id", "name"]);
    const made = await store.gives(["user", "add", "bob", "--email", "bob@example.org"]);
    assert.deepEqual(Object.keys(made), ["id", "name", "password"]);
    assert.ok(made.password.length >= 12);
    const shown = await store.does(["user", "show", "bob", "--json"]);
    assert.ok(!shown.includes(made.password));
    assert.equal(JSON.parse(shown).role, "viewer");
  });

  test("set, disable, enable, reset-password, remove, restore", async () => {
    assert.equal((await store.gives(["user", "set", "bob", "--role", "operator"])).role, "operator");
    assert.equal((await store.gives(["user", "disable", "bob"])).disabled, true);
    assert.equal((await store.gives(["user", "enable", "bob"])).disabled, false);
    const reset = await store.gives(["user", "reset-password", "bob"]);
    assert.deepEqual(Object.keys(reset), ["id", "name", "password"]);
    const own = await store.gives(["user", "reset-password", "bob", "--password-file", "-"], { input: "another long password\n" });
    assert.deepEqual(Object.keys(own), ["id", "name"]);
    await store.does(["user", "remove", "bob"]);
    await store.does(["user", "restore", own.id]);
    assert.match(await store.does(["user", "list"]), /^bob +active +operator/m);
  });

  test("whose password is too short is refused", async () => {
    const refused = await store.runs(["user", "add", "weak", "--password-file", "-"], { input: "short" });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /password/);
    assert.ok(!refused.stderr.includes("short\n"));
  });
});

describe("token", () => {
  test("create, list, show, revoke", async () => {
    const made = await store.gives(["token", "create", "--name", "deploy", "--role", "operator", "--scope", "keys:read", "--scope", "keys:write"]);
    assert.deepEqual(Object.keys(made), ["id", "name", "secret"]);
    const shown = await store.gives(["token", "show", "deploy"]);
    assert.equal(shown.role, "operator");
    assert.deepEqual(shown.scopes.toSorted(), ["keys:read", "keys:write"]);
    assert.ok(!(await store.does(["token", "list"])).includes(made.secret));
    await store.does(["token", "revoke", "deploy", "--yes"]);
    assert.deepEqual(await store.gives(["token", "list"]), []);
  });
});

describe("the store", () => {
  test("secrets rotate: everything is sealed anew and still opens", async () => {
    const before = fs.readFileSync(`${store.data}/master.key`);
    const rotated = await store.gives(["secrets", "rotate"]);
    assert.ok(rotated.sealed >= 3);
    assert.notDeepEqual(fs.readFileSync(`${store.data}/master.key`), before);
    const tried = await store.runs(["account", "test", "by-stdin", "--json"]);
    assert.ok(JSON.parse(tried.stdout).steps.length > 0);
  });

  test("backup and restore: all of it, refused over a store that isn't empty", async () => {
    const file = store.file("backup.jsonl");
    const figures = await store.gives(["backup", file]);
    assert.ok(figures.rows > 5);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal((await store.runs(["backup", file])).code, 1);
    const full = await store.runs(["restore", file]);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /--replace/);
    const keys = await store.gives(["key", "list"]);
    await store.does(["key", "create", "after"]);
    await store.does(["restore", file, "--replace"]);
    assert.deepEqual(await store.gives(["key", "list"]), keys);
    const other = new Store();
    await other.does(["restore", file]);
    // Without it nothing sealed in there could be opened again.
    fs.copyFileSync(`${store.data}/master.key`, `${other.data}/master.key`);
    assert.deepEqual(await other.gives(["key", "list"]), keys);
    other.remove();
    const cut = store.file("cut.jsonl", fs.readFileSync(file).subarray(0, -100));
    assert.equal((await store.runs(["restore", cut, "--replace"])).code, 1);
    assert.deepEqual(await store.gives(["key", "list"]), keys);
  });

  test("export under a passphrase, import elsewhere", async () => {
    const phrase = store.file("passphrase", "a passphrase of some length\n");
    const file = store.file("export.json");
    await store.does(["export", "--passphrase-file", phrase, "-o", file]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.ok(!fs.readFileSync(file, "utf8").includes(canary));
    const other = new Store();
    const needs = await other.runs(["import", file]);
    assert.equal(needs.code, 2);
    assert.match(needs.stderr, /--passphrase-file/);
    const wrong = await other.runs(["import", file, "--passphrase-file", "-"], { input: "another passphrase\n" });
    assert.equal(wrong.code, 1);
    await other.gives(["import", file, "--passphrase-file", phrase, "--dry-run"]);
    assert.deepEqual(await other.gives(["key", "list"]), []);
    await other.does(["import", file, "--passphrase-file", phrase]);
    const names = async (of) => (await of.gives(["key", "list"])).map((key) => key.name).toSorted();
    assert.deepEqual(await names(other), await names(store));
    const conflict = await other.runs(["import", file, "--passphrase-file", phrase]);
    assert.equal(conflict.code, 1);
    await other.does(["import", file, "--passphrase-file", phrase, "--on-conflict", "skip"]);
    other.remove();
  });

  test("export without secrets, to the standard output", async () => {
    const document = await store.does(["export", "--without-secrets"]);
    assert.ok(Object.keys(JSON.parse(document)).length > 0);
    assert.ok(!document.includes(canary));
    const undecided = await store.runs(["export"]);
    assert.equal(undecided.code, 2);
    assert.match(undecided.stderr, /--without-secrets/);
  });

  test("import crs tells what is wrong with a file that is none", async () => {
    const refused = await store.runs(["import", "crs", store.file("none.json", "{}")]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^sluice: .+\n$/);
  });

  test("audit list: who changed what", async () => {
    const all = await store.gives(["audit", "list"]);
    assert.ok(all.length > 10);
    assert.deepEqual(Object.keys(all[0]), [
      "id", "at", "actor", "actor_name", "peer", "action", "kind", "object", "object_name", "before", "after",
    ]);
    assert.ok(all[0].id > all.at(-1).id, "the newest first");
    assert.match(all[0].actor, /^cli:/);
    const ours = await store.gives(["audit", "list", "--kind", "account", "--object", "main"]);
    assert.ok(ours.length >= 5);
    assert.ok(ours.every((entry) => entry.object_name === "main" || entry.object_name === "first"));
    assert.equal((await store.gives(["audit", "list", "--last", "3"])).length, 3);
    assert.ok(!JSON.stringify(all).includes(canary));
    assert.match(await store.does(["audit", "list", "--kind", "account"]), /priority|note: .* -> /);
  });
});

describe("check", () => {
  const findings = async (options) => JSON.parse((await store.runs(["check", "--json"], options)).stdout).findings;

  test("looks into the store and reaches for its accounts", async () => {
    const found = await findings();
    assert.ok(found.some((line) => line.subject === "store" && /schema \d+/.test(line.message)));
    assert.ok(found.some((line) => line.subject === "store" && /accounts and \d+ keys/.test(line.message)));
    assert.ok(found.some((line) => line.subject === "account main"));
    const text = (await store.runs(["check"])).stdout;
    assert.ok(!text.includes(canary));
  });

  test("finds a master key that is missing, and makes none", async () => {
    const key = `${store.data}/master.key`;
    fs.renameSync(key, `${key}.away`);
    const done = await store.runs(["check"]);
    assert.equal(done.code, 1);
    assert.match(done.stdout, /^fail {2}master key: .* is missing, and \d+ secrets/m);
    assert.ok(!fs.existsSync(key));
    fs.renameSync(`${key}.away`, key);
  });

  test("makes no store where there is none", async () => {
    const other = new Store();
    const done = await other.runs(["check"]);
    assert.equal(done.code, 0, done.stdout);
    assert.match(done.stdout, /^ok {4}store: .* is made when first needed$/m);
    assert.ok(!fs.existsSync(other.data));
    other.remove();
  });
});

describe("what the file declares", () => {
  test("is shown as declared, and changed there alone", async () => {
    const config = store.file(
      "declared.toml",
      `[[account]]\nname = "filed"\nprovider = "anthropic"\ncredential = { api_key = "env:NOT_HERE" }\n` +
        `[[key]]\nname = "filed-key"\nsecret = "env:NOT_HERE_EITHER"\n`,
    );
    const place = ["--config", config, "--data", store.data];
    assert.match(await store.does(["account", "list"], { place }), /^filed +declared/m);
    assert.equal((await store.gives(["key", "show", "filed-key"], { place })).declared, true);
    for (const args of [
      ["account", "set", "filed", "--priority", "1"],
      ["account", "remove", "filed"],
      ["key", "revoke", "filed-key"],
    ]) {
      const refused = await store.runs(args, { place });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /declared in the configuration file/);
    }
  });
});

describe("output", () => {
  test("fits names of every script, and no name can steer the terminal", async () => {
    await store.does(["key", "create", "主账号"]);
    const table = await store.does(["key", "list"]);
    assert.match(table, /^主账号 /m);
    await store.does(["account", "set", "main", "--note", "line one\nline two"]);
    assert.match(await store.does(["account", "show", "main"]), /^note: +line one line two$/m);
    assert.ok(!table.includes("\u001b"), "no colours where there is no terminal");
  });
});

describe("a command that is not right", () => {
  const refused = async (args, code, pattern, options) => {
    const done = await store.runs(args, options);
    assert.equal(done.code, code, `${args.join(" ")}: ${done.stderr}`);
    assert.match(done.stderr, /^sluice: .+\n$/, "one line");
    assert.match(done.stderr, pattern);
    assert.equal(done.stdout, "");
    assert.ok(!done.stderr.includes("canary"));
  };

  test("is told in one line what to do", async () => {
    await refused(["account", "show", "nobody"], 1, /nobody/);
    await refused(account("main"), 1, /main/, { env });
    await refused(account("x", ["--base-url", "http://10.0.0.1"]), 2, /--base-url: .*allow_private_upstreams/, { env });
    await refused(account("x", ["--base-url", "http://169.254.169.254"]), 2, /--base-url/, { env });
    await refused(["key", "create", "x", "--limit", "requests=fast"], 2, /--limit: .*60\/1m/);
    await refused(["key", "create", "x", "--limit", "speed=1/1m"], 2, /--limit/);
    await refused(["key", "create", "x", "--cidr", "10.0.0.0/99"], 2, /--cidr/);
    await refused(["key", "create", "x", "--expires", "soon"], 2, /--expires/);
    await refused(["key", "rotate", "ci", "--grace", "long"], 2, /--grace/);
    await refused(["key", "set", "ci"], 2, /nothing to change/);
    await refused(["user", "add", "x", "--role", "root"], 2, /--role: "root" is none of/);
    await refused(["account", "add", "x", "--provider", "anthropic"], 2, /--api-key env:NAME/);
    await refused(account("x", ["--api-kye", "y"]), 2, /did you mean "--api-key"/, { env });
    await refused(["acount", "list"], 2, /did you mean "account"/);
    await refused(["account", "lst"], 2, /did you mean "list"/);
    await refused(["restore", "/none"], 1, /\/none/);
    await refused(["backup", "/none/x"], 1, /\/none/);
    await refused(["import", "/none"], 1, /\/none/);
  });

  test("never carries a secret as an argument", async () => {
    for (const flag of ["--api-key", "--bearer-token", "--oauth2-client-secret", "--oauth2-refresh-token"])
      await refused([...account("x").slice(0, 6), flag, "sk-canary"], 2, /process list/);
    await refused([...account("x"), "--proxy", "http://me:canary@proxy.example:1"], 2, /process list/, { env });
    await refused(["key", "create", "x", "--secret", "sk-canary"], 2, /process list/);
    await refused(["account", "add", "--api-key=sk-canary"], 2, /env:NAME/);
  });

  test("changes nothing", async () => {
    const names = (await store.does(["account", "list", "--names"])).split("\n");
    assert.ok(!names.includes("x"));
  });

  test("is refused before it creates a store", async () => {
    const other = new Store();
    await other.runs(["account", "list", "--limit", "x"]);
    assert.ok(!fs.existsSync(other.data));
    other.remove();
  });

  test("has no output when its reader is gone", async () => {
    const full = new Process("/bin/sh", ["-c", `"${program}" account list --data "${store.data}" > /dev/full`]);
    assert.equal(await full.exited(), 1);
    assert.match(full.stderr, /^sluice: the output could not be written\n$/);
  });
});
