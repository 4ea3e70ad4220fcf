/// Accounts, pools, keys, users and tokens, from creation to removal; the audit log; what is never given back.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { account } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { Operator, password, setUp } from "./operator.js";

const world = new World();
let sluice, ada;

before(async () => {
  sluice = await world.sluice({ account: [account({ url: "http://127.0.0.1:9" }, "declared")] });
  ada = await setUp(sluice);
});

const kinds = {
  accounts: {
    fields: { provider: "anthropic", base_url: "http://127.0.0.1:9", credential: { api_key: "sk-ant-CANARY-0123456789" } },
    change: { priority: 3 },
  },
  pools: { fields: { note: "for ci" }, change: { note: "for others" } },
  keys: { fields: { limits: { requests: "60/1m" }, budgets: { day: 10.5 }, tags: ["a"] }, change: { note: "x" } },
  users: { fields: { role: "viewer", password: "CANARY horse battery staple" }, change: { role: "operator" } },
  tokens: { fields: { role: "viewer", scopes: ["keys:read"] }, change: { note: "x" } },
};

for (const [kind, { fields, change }] of Object.entries(kinds)) {
  describe(kind, () => {
    test("are created, found, changed, removed and restored", async () => {
      const made = await ada.raw("POST", `/${kind}`, { body: { name: "one of them", ...fields } });
      assert.equal(made.status, 201, made.text);
      const one = made.json();
      assert.equal(made.head.get("location"), `/admin/api/v1/${kind}/${one.id}`);
      assert.equal(made.head.get("etag"), `"${one.version}"`);
      const read = await ada.raw("GET", `/${kind}/${one.id}`);
      assert.equal(read.head.get("etag"), `"${one.version}"`);
      assert.equal((await ada.get(`/${kind}/one%20of%20them`)).id, one.id, "by name");
      for (const [name, value] of Object.entries(fields)) {
        if (["credential", "password"].includes(name)) continue;
        const shown = read.json()[name];
        if (typeof value === "object" && !Array.isArray(value))
          for (const [inner, v] of Object.entries(value)) assert.deepEqual(shown[inner], v, `${name}.${inner}`);
        else assert.deepEqual(shown, value, name);
      }

      const changed = await ada.patch(`/${kind}/${one.id}`, one.version, change);
      assert.ok(changed.version > one.version);
      const [[name, value]] = Object.entries(change);
      assert.equal(changed[name], value);
      await ada.patch(`/${kind}/${one.id}`, one.version, change, 412);
      await ada.patch(`/${kind}/${one.id}`, undefined, change, 428);
      await ada.call("PATCH", `/${kind}/${one.id}`, { body: change, headers: { "if-match": "*" } }, 400);
      await ada.remove(`/${kind}/${one.id}`, one.version, 412);
      await ada.remove(`/${kind}/${one.id}`, undefined, 428);
      const removed = await ada.remove(`/${kind}/${one.id}`, changed.version);
      assert.ok(removed.removed);
      const names = async (query) => (await ada.get(`/${kind}?q=one%20OF&${query}`)).items.map((item) => item.name);
      assert.deepEqual(await names(""), []);
      assert.deepEqual(await names("removed=1"), ["one of them"]);
      const back = await ada.call(
        "POST",
        `/${kind}/${one.id}/restore`,
        { headers: { "if-match": `"${removed.version}"` } },
        200,
      );
      assert.equal(back[name], value);
      assert.deepEqual(await names(""), ["one of them"]);
      await ada.post(`/${kind}`, { name: "one of them", ...fields }, 409);
      await ada.get(`/${kind}/01ARZ3NDEKTSV4RRFFQ69G5FAV`, 404);
    });

    test("refuse fields that aren't theirs, by name", async () => {
      const told = await ada.post(`/${kind}`, { name: "odd", ...fields, nonsense: 1 }, 400);
      assert.equal(told.error.field, "nonsense");
      assert.equal((await ada.post(`/${kind}`, { ...fields, name: 7 }, 400)).error.field, "name");
      await ada.post(`/${kind}`, fields, 400);
    });

    test("page by cursor", async () => {
      const wanted = [];
      for (let i = 0; i < 7; ++i) wanted.push((await ada.post(`/${kind}`, { name: `page ${i}`, ...fields }, 201)).id);
      const found = [];
      for (let cursor = ""; cursor !== null;) {
        const page = await ada.get(`/${kind}?q=page&limit=3${cursor && `&cursor=${cursor}`}`);
        assert.ok(page.items.length <= 3);
        found.push(...page.items.map((item) => item.id));
        cursor = page.next_cursor;
      }
      assert.deepEqual(found, wanted);
      for (const query of ["limit=0", "limit=1001", "limit=x", "removed=2", "nonsense=1", "q=%", "limit=1&limit=2"])
        await ada.get(`/${kind}?${query}`, 400);
    });
  });
}

test("of two editors the second is told that somebody was faster", async () => {
  const key = await ada.post("/keys", { name: "contested" }, 201);
  const editors = Array.from({ length: 8 }, (_, i) =>
    ada.raw("PATCH", `/keys/${key.id}`, { body: { note: `${i}` }, headers: { "if-match": `"${key.version}"` } }),
  );
  const statuses = (await Promise.all(editors)).map((answer) => answer.status).sort();
  assert.deepEqual(statuses, [200, ...Array(7).fill(412)]);
});

test("a rotated secret works beside the new one for its grace", async () => {
  const made = await ada.post("/tokens", { name: "rotating", role: "viewer" }, 201);
  const next = await ada.call(
    "POST",
    `/tokens/${made.id}/rotate`,
    { body: { grace: "1h" }, headers: { "if-match": `"${made.version}"` } },
    200,
  );
  assert.notEqual(next.secret, made.secret);
  await Operator.token(sluice, made.secret).get("/pools");
  await Operator.token(sluice, next.secret).get("/pools");
  const last = await ada.call("POST", `/tokens/${made.id}/rotate`, { headers: { "if-match": `"${next.version}"` } }, 200);
  await Operator.token(sluice, next.secret).get("/pools", 401);
  await Operator.token(sluice, last.secret).get("/pools");
  const told = await ada.call(
    "POST",
    `/tokens/${made.id}/rotate`,
    { body: { grace: "soon" }, headers: { "if-match": `"${last.version}"` } },
    400,
  );
  assert.equal(told.error.field, "grace");
});

test("what the file declares is shown and can't be changed", async () => {
  const { items } = await ada.get("/accounts");
  const declared = items.find((item) => item.name === "declared");
  assert.equal(declared.declared, true);
  await ada.patch(`/accounts/${encodeURIComponent(declared.id)}`, declared.version, { priority: 1 }, 409);
});

test("an account's test says what works, step by step", async () => {
  const made = await ada.post("/accounts", { name: "unreachable", ...kinds.accounts.fields }, 201);
  const told = await ada.post(`/accounts/${made.id}/test`, undefined);
  assert.equal(told.ok, false);
  assert.ok(told.steps.length > 0);
});

test("secrets are never given back, but for new ones, once", async () => {
  const known = ["CANARY"];
  const key = await ada.post("/keys", { name: "secretive" }, 201);
  const token = await ada.post("/tokens", { name: "secretive", role: "viewer" }, 201);
  const user = await ada.post("/users", { name: "secretive", role: "viewer" }, 201);
  assert.match(key.secret, /^sk-slc-[A-Za-z0-9_-]{43}$/);
  known.push(key.secret, token.secret, user.password, password);
  const paths = [
    ...Object.keys(kinds).map((kind) => `/${kind}?removed=1&limit=1000`),
    ...[key.id].map((id) => `/keys/${id}`),
    `/tokens/${token.id}`,
    `/users/${user.id}`,
    "/audit?limit=1000",
    "/settings",
    "/health",
    "/session",
  ];
  for (const path of paths) {
    const text = JSON.stringify(await ada.get(path));
    for (const secret of known) assert.ok(!text.includes(secret), `${secret.slice(0, 6)} in ${path}`);
  }
  const shown = await ada.get(`/keys/${key.id}`);
  assert.equal(shown.secret_hint, `...${key.secret.slice(-4)}`);
  for (const secret of known) assert.ok(!sluice.log.includes(secret), "nor in the log");
});

test("the audit log has every write, with before and after", async () => {
  const made = await ada.post("/keys", { name: "watched", note: "first" }, 201);
  const changed = await ada.patch(`/keys/${made.id}`, made.version, { note: "second" });
  await ada.patch(`/keys/${made.id}`, made.version, { note: "lost" }, 412);
  await ada.remove(`/keys/${made.id}`, changed.version);
  const { items } = await ada.get(`/audit?kind=key&object=${made.id}`);
  assert.deepEqual(
    items.map((entry) => entry.action),
    ["remove", "update", "create"],
  );
  const [, update, create] = items;
  assert.equal(create.before, null);
  assert.equal(create.after.note, "first");
  assert.equal(update.before.note, "first");
  assert.equal(update.after.note, "second");
  for (const entry of items) {
    assert.equal(entry.actor, ada.session.actor);
    assert.equal(entry.actor_name, "ada");
    assert.equal(entry.peer, "127.0.0.1");
  }
  const first = await ada.get("/audit?limit=2");
  const second = await ada.get(`/audit?limit=2&cursor=${first.next_cursor}`);
  assert.ok(second.items[0].id < first.items[1].id);
  assert.ok((await ada.get(`/audit?actor=${ada.session.actor}`)).items.some((entry) => entry.action === "set_up"));
});
