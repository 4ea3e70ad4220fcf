/// The parts of the admin API that lean on transactions, on PostgreSQL: many writers at once, and two servers on one store.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Postgres } from "../lib/postgres.js";
import { World } from "../lib/world.js";
import { Operator, password, setUp, totp } from "./operator.js";

const world = new World();
let postgres, one, two, ada;

const skip = Postgres.installed ? false : "PostgreSQL is not installed";

before(async () => {
  if (skip) return;
  postgres = await Postgres.start();
  one = await world.sluice({ store: { url: await postgres.database() } });
  ada = await setUp(one);
  two = await world.sluiceBeside(one);
});
after(() => postgres?.stop());

/// The same person at the other server.
const there = (operator) => new Operator(two, { headers: operator.headers });

test("a session counts at every server, until it ends at one", { skip }, async () => {
  const session = await new Operator(one).enter("ada");
  assert.equal((await there(session).get("/session")).name, "ada");
  await there(session).call("DELETE", "/session", {}, 204);
  await session.get("/session", 401);
});

test("of many editors at two servers one comes first", { skip }, async () => {
  const key = await ada.post("/keys", { name: "contested" }, 201);
  const editors = Array.from({ length: 12 }, (_, i) =>
    (i % 2 ? ada : there(ada)).raw("PATCH", `/keys/${key.id}`, {
      body: { note: `${i}` },
      headers: { "if-match": `"${key.version}"` },
    }),
  );
  const statuses = (await Promise.all(editors)).map((answer) => answer.status).sort();
  assert.deepEqual(statuses, [200, ...Array(11).fill(412)]);
  assert.equal((await ada.get(`/audit?kind=key&object=${key.id}`)).items.length, 2);
});

test("of many who create the same name one comes first", { skip }, async () => {
  const makers = Array.from({ length: 12 }, (_, i) => (i % 2 ? ada : there(ada)).raw("POST", "/pools", { body: { name: "wanted" } }));
  const statuses = (await Promise.all(makers)).map((answer) => answer.status).sort();
  assert.deepEqual(statuses, [201, ...Array(11).fill(409)]);
});

test("a code of the second factor works once, at whichever server", { skip }, async () => {
  const offer = await ada.post("/session/totp", undefined);
  const { recovery_codes: recovery } = await ada.post("/session/totp/confirm", { code: totp(offer.secret) });
  const body = { user: "ada", password, code: recovery[0] };
  const tries = [one, two, one, two].map((sluice) => new Operator(sluice).raw("POST", "/session", { body }));
  const statuses = (await Promise.all(tries)).map((answer) => answer.status).sort();
  assert.equal(statuses.filter((status) => status === 200).length, 1, `${statuses}`);
  await ada.call("DELETE", "/session/totp", { body: { password } }, 204);
});

test("guesses are counted together", { skip }, async () => {
  const guess = (sluice, secret) =>
    new Operator(sluice).with({ host: "sluice.example" }).raw("POST", "/session", { body: { user: "ada", password: secret } });
  for (let i = 0; i < 12; ++i) await guess(i % 2 ? one : two, "incorrect horse battery staple");
  assert.equal((await guess(one, password)).status, 429);
  assert.equal((await guess(two, password)).status, 429);
});
