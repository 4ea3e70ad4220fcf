/// Requests that mean harm, or nothing: injected SQL stays data, odd JSON and odd paths are refused.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { request } from "../lib/raw_client.js";
import { World } from "../lib/world.js";
import { Operator, password, setUp } from "./operator.js";

const world = new World();
let sluice, ada;

before(async () => {
  sluice = await world.sluice({});
  ada = await setUp(sluice);
});

const injections = [
  "' OR '1'='1",
  "' OR 1=1 --",
  "'; DROP TABLE users; --",
  "1; ATTACH DATABASE '/tmp/x' AS x",
  "' UNION SELECT hash,1,1,1 FROM sessions --",
  "admin'/**/--",
  "') OR ('a'='a",
  "1' AND SLEEP(5)#",
  "1 AND (SELECT 1 FROM PG_SLEEP(5))",
  "%' AND name LIKE '%",
  "_%_",
  "$1",
  ":name",
  "?",
  "${jndi:ldap://127.0.0.1/x}",
  "<script>alert(1)</script>",
  "{{7*7}}",
  "Ünïcödé 名字 \u202e",
];
const url = encodeURIComponent;

test("SQL in names, notes and searches stays data", async () => {
  let count = (await ada.get("/keys?limit=1000")).items.length;
  for (const text of injections) {
    const made = await ada.raw("POST", "/keys", { body: { name: text, note: text, tags: ["x"] } });
    if (made.status === 400) {
      assert.match(made.json().error.field, /^(name|note)$/);
      const noted = await ada.post("/keys", { name: `harmless ${count}`, note: text.replace(/\u202e/, "") }, 201);
      assert.equal((await ada.get(`/keys/${noted.id}`)).note, text.replace(/\u202e/, ""));
      ++count;
    } else {
      assert.equal(made.status, 201, made.text);
      ++count;
      assert.equal((await ada.get(`/keys/${made.json().id}`)).note, text);
    }
    const found = (await ada.get(`/keys?q=${url(text)}&limit=1000`)).items;
    assert.ok(found.every((item) => item.name.toLowerCase().includes(text.toLowerCase())), text);
    for (const query of [`cursor=${url(text)}`, `limit=${url(text)}`, `removed=${url(text)}`]) {
      const answer = await ada.raw("GET", `/keys?${query}`);
      assert.ok([200, 400].includes(answer.status), answer.text);
    }
    for (const name of ["kind", "object", "actor", "cursor"]) {
      const { items } = await ada.get(`/audit?${name}=${url(text)}`);
      if (name !== "cursor") assert.deepEqual(items, []);
    }
  }
  assert.equal((await ada.get("/keys?limit=1000")).items.length, count);
});

test("SQL in ids, tokens and cookies finds nothing", async () => {
  for (const text of injections) {
    // The HTTP server refuses some of these paths by itself.
    const path = `/admin/api/v1/keys/${url(text)}`;
    const found = await request(sluice.port, { method: "GET", path, headers: ada.headers });
    if (found.status === 200) assert.equal(found.json().name, text);
    else assert.ok([400, 404].includes(found.status), found.text);
    if (/^[\x20-\x7e]+$/.test(text)) {
      await Operator.token(sluice, text).get("/keys", 401);
      await new Operator(sluice).with({ cookie: `sluice=${text.replaceAll(";", "")}` }).get("/keys", 401);
    }
  }
});

test("SQL in sign-in signs nobody in", async () => {
  for (const text of injections.slice(0, 8)) {
    for (const body of [
      { user: text, password },
      { user: "ada", password: text },
      { user: "ada", password, code: 7 },
    ]) {
      const answer = await new Operator(sluice).raw("POST", "/session", { body });
      assert.ok([400, 401, 429].includes(answer.status), answer.text);
    }
    const answer = await new Operator(sluice).raw("POST", "/setup", { body: { token: text, user: "eve", password } });
    assert.equal(answer.status, 403);
  }
});

test("only one JSON object is a body", async () => {
  for (const body of [
    "",
    " ",
    "null",
    "[]",
    '"x"',
    "{",
    '{"name":"a",}',
    "{'name':'a'}",
    '{"name":"a"}{}',
    '{"name":"a","name":"b"}',
    '{"name":"a","n\\u0061me":"b"}',
    '{"name":"a","limits":{"concurrency":1,"concurrency":2}}',
    '{"name":"a\\u0000b"}',
    '{"name":"\\ud800"}',
    Buffer.from('{"name":"\xff"}', "latin1"),
    `{"name":${"[".repeat(2000)}${"]".repeat(2000)}}`,
    '{"name":1e999}',
    '{"name":{"name":"x"}}',
    '{"__proto__":{"role":"admin"}}',
  ]) {
    const told = await ada.raw("POST", "/pools", { body });
    assert.equal(told.status, 400, `${body.slice(0, 60)}: ${told.text}`);
  }
});

test("a body says that it is JSON", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""])
    await ada.post("/pools", { name: "typed" }, 400, { "content-type": type });
  await ada.post("/pools", { name: "typed" }, 201, { "content-type": "Application/JSON; charset=utf-8" });
});

test("a body of more than 1 MiB is refused before it is read", async () => {
  const body = JSON.stringify({ name: "large", note: "x".repeat(1 << 20) });
  assert.equal((await ada.raw("POST", "/pools", { body })).status, 413);
  const head = { ...ada.headers, "content-type": "application/json", "content-length": String(1 << 30) };
  const answer = await request(sluice.port, { method: "POST", path: "/admin/api/v1/pools", headers: head, body: "{" });
  assert.equal(answer.status, 413);
});

test("paths that only look like ours are none", async () => {
  for (const [path, status] of [
    ["/admin/", 404],
    ["/admin/api", 404],
    ["/admin/api/v1", 404],
    ["/admin/api/v1/", 404],
    ["/admin/api/v2/keys", 404],
    ["/admin/api/v1/Keys", 404],
    ["/admin/api/v1/keys/", 404],
    ["/admin/api/v1/keys/a/b", 404],
    ["/admin/api/v1/nothing", 404],
  ])
    assert.equal((await ada.raw("GET", path, { absolute: true })).status, status, path);
  for (const path of [
    "/admin/api/v1/../../../etc/passwd",
    "/admin/api/v1/keys/..",
    "/admin/api/v1/keys/%2e%2e",
    "/admin/api/v1//keys",
    "/admin/api/v1/keys/a%2fb",
    "/admin/api/v1/keys/%00",
    "/admin/api/v1/keys/%4",
    "/admin/api/v1/keys;x=1",
    "/admin\\api/v1/keys",
  ]) {
    const answer = await request(sluice.port, { method: "GET", path, headers: ada.headers });
    assert.equal(answer.status, 400, path);
  }
  await ada.get("/keys?limit=1&x=%00", 400);
});

test("HEAD is GET without a body, OPTIONS and 405 name the methods", async () => {
  const head = await ada.raw("HEAD", "/keys");
  assert.equal(head.status, 200);
  assert.equal(head.text, "");
  assert.equal((await new Operator(sluice).raw("HEAD", "/keys")).status, 401);
  const options = await new Operator(sluice).raw("OPTIONS", "/keys/x");
  assert.equal(options.status, 204);
  assert.equal(options.head.get("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  const preflight = await new Operator(sluice)
    .with({ origin: "http://evil.example", "access-control-request-method": "POST" })
    .raw("OPTIONS", "/keys");
  assert.equal(preflight.status, 204);
  for (const method of ["PUT", "TRACE", "BREW", "post"]) {
    const answer = await ada.raw(method, "/keys");
    assert.equal(answer.status, 405, method);
    assert.equal(answer.head.get("allow"), "GET, HEAD, POST, OPTIONS");
  }
});

test("the admin side stays where admin_listen puts it", async () => {
  const apart = await world.sluice({ server: { admin_listen: "127.0.0.1:0" } });
  const [, port] = await apart.process.printed(/operators\.listening address="?127\.0\.0\.1:(\d+)/);
  for (const path of ["/admin/api/openapi.json", "/admin/api/v1/session", "/setup", "/setup.js"]) {
    assert.equal((await request(apart.port, { method: "GET", path })).status, 404, path);
    assert.notEqual((await request(Number(port), { method: "GET", path })).status, 404, path);
  }
});
