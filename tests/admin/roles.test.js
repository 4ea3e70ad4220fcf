/// Every route, with every role and every kind of credential that is none. What each may do is written here again, by hand.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { judgeOf, Operator, password, prefix, setUp } from "./operator.js";

const world = new World();
const roles = ["admin", "operator", "viewer", "member"];

/// Route, and the status for admin, operator, viewer and member. {key}, {account} ... are objects made for the one call,
/// which belong to nobody the caller is.
const table = `
GET    /session                     200 200 200 200
POST   /session/password            400 400 400 400
POST   /session/totp                200 200 200 200
POST   /session/totp/confirm        400 400 400 400
DELETE /session/totp                400 400 400 400
DELETE /session                     204 204 204 204

GET    /accounts                    200 200 200 403
POST   /accounts                    201 403 403 403
GET    /accounts/{account}          200 200 200 403
PATCH  /accounts/{account}          200 200 403 403
DELETE /accounts/{account}          200 200 403 403
POST   /accounts/{account}/restore  200 200 403 403
POST   /accounts/{account}/lift     200 200 403 403
POST   /accounts/{account}/test     200 200 403 403

GET    /pools                       200 200 200 403
POST   /pools                       201 201 403 403
GET    /pools/{pool}                200 200 200 403
PATCH  /pools/{pool}                200 200 403 403
DELETE /pools/{pool}                200 200 403 403
POST   /pools/{pool}/restore        200 200 403 403

GET    /keys                        200 200 200 200
POST   /keys                        201 201 403 403
GET    /keys/{key}                  200 200 200 404
PATCH  /keys/{key}                  200 200 403 403
DELETE /keys/{key}                  200 200 403 403
POST   /keys/{key}/restore          200 200 403 403
POST   /keys/{key}/rotate           200 200 403 404

GET    /users                       200 403 200 403
POST   /users                       201 403 403 403
GET    /users/{user}                200 403 200 403
PATCH  /users/{user}                200 403 403 403
DELETE /users/{user}                200 403 403 403
POST   /users/{user}/restore        200 403 403 403
POST   /users/{user}/reset-password 200 403 403 403

GET    /tokens                      200 403 200 403
POST   /tokens                      201 403 403 403
GET    /tokens/{token}              200 403 200 403
PATCH  /tokens/{token}              200 403 403 403
DELETE /tokens/{token}              200 403 403 403
POST   /tokens/{token}/restore      200 403 403 403
POST   /tokens/{token}/rotate       200 403 403 403

GET    /audit                       200 200 200 403
GET    /settings                    200 200 200 403
GET    /health                      200 200 200 200
`
  .split("\n")
  .filter(Boolean)
  .map((line) => line.split(/ +/))
  .map(([method, path, ...statuses]) => ({ method, path, statuses: statuses.map(Number) }));

const open = ["POST /session", "POST /setup"];

const fields = {
  account: { provider: "anthropic", base_url: "http://127.0.0.1:9", credential: { api_key: "sk-ant-0123456789abcdef" } },
  pool: {},
  key: {},
  user: { role: "viewer" },
  token: { role: "viewer" },
};

let sluice, ada;
const people = {};
let made = 0;
const unique = () => `walker ${++made}`;

/// What a caller would send, to an object of its own: {path, options}.
async function call({ method, path }) {
  const kind = /\{(\w+)\}/.exec(path)?.[1];
  const options = { headers: {} };
  let target = path;
  if (kind) {
    let object = await ada.post(`/${kind}s`, { name: unique(), ...fields[kind] }, 201);
    if (path.endsWith("/restore")) object = await ada.remove(`/${kind}s/${object.id}`, object.version);
    target = path.replace(`{${kind}}`, object.id);
    if (!path.endsWith("/test") && !path.endsWith("/reset-password") && method !== "GET")
      options.headers["if-match"] = `"${object.version}"`;
    if (method === "PATCH") options.body = { note: "walked" };
    if (path.endsWith("/reset-password")) options.body = {};
  } else if (method === "POST" && fields[path.slice(1, -1)]) {
    options.body = { name: unique(), ...fields[path.slice(1, -1)] };
  } else if (path === "/session/password") {
    options.body = { password: "not my password at all", new_password: "another horse battery staple" };
  } else if (path === "/session/totp/confirm") {
    options.body = { code: "000000" };
  } else if (path === "/session/totp" && method === "DELETE") {
    options.body = { password: "not my password at all" };
  }
  return { target, options };
}

async function send(operator, route, status, why) {
  const { target, options } = await call(route);
  const answer = await operator.raw(route.method, target, options);
  // /session/totp/confirm without an offer is 404: what matters here is that it got as far as being looked at.
  const got = route.path === "/session/totp/confirm" && answer.status === 404 ? 400 : answer.status;
  assert.equal(got, status, `${route.method} ${route.path} ${why}: ${answer.text}`);
}

before(async () => {
  sluice = await world.sluice({});
  ada = await setUp(sluice);
  for (const role of roles) {
    await ada.post("/users", { name: role, role, password }, 201);
    people[role] = await new Operator(sluice).enter(role);
  }
});

test("the table has every route that there is", async () => {
  const { document } = await judgeOf(sluice);
  const told = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path.slice(prefix.length)}`),
  );
  const known = [...table.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/, "{id}")}`), ...open];
  assert.deepEqual(told.sort(), known.sort());
});

for (const [index, role] of roles.entries()) {
  test(`what ${role === "admin" || role === "operator" ? "an" : "a"} ${role} may do`, async () => {
    for (const route of table) {
      // Who signs out needs a session to lose.
      const who =
        route.method === "DELETE" && route.path === "/session" ? await new Operator(sluice).enter(role) : people[role];
      await send(who, route, route.statuses[index], `as ${role}`);
    }
  });

  test(`a token of the role ${role} may do no more`, async () => {
    const token = await ada.post("/tokens", { name: unique(), role, scopes: ["*"] }, 201);
    const program = Operator.token(sluice, token.secret);
    for (const route of table) {
      const aboutPeople = route.path.startsWith("/session") && route.method !== "GET";
      await send(program, route, aboutPeople ? 403 : route.statuses[index], `with a token of ${role}`);
    }
  });
}

describe("a credential that is none", () => {
  const nobodies = {
    none: async () => new Operator(sluice),
    "a forged session": async () => new Operator(sluice).with({ cookie: `sluice=${"A".repeat(43)}`, "x-csrf-token": "x" }),
    "a forged token": async () => Operator.token(sluice, "A".repeat(43)),
    "an injected token": async () => Operator.token(sluice, "' OR 1=1 --"),
    "a client key": async () => Operator.token(sluice, (await ada.post("/keys", { name: unique() }, 201)).secret),
    "a session that was signed out": async () => {
      const session = await new Operator(sluice).enter("admin");
      await session.call("DELETE", "/session", {}, 204);
      return session;
    },
    "a removed token": async () => {
      const token = await ada.post("/tokens", { name: unique(), role: "admin" }, 201);
      await ada.remove(`/tokens/${token.id}`, token.version);
      return Operator.token(sluice, token.secret);
    },
    "a disabled token": async () =>
      Operator.token(sluice, (await ada.post("/tokens", { name: unique(), role: "admin", disabled: true }, 201)).secret),
    "an expired token": async () => {
      const expires = new Date(Date.now() + 2000).toISOString().replace(/\.\d+/, "");
      const token = await ada.post("/tokens", { name: unique(), role: "admin", expires }, 201);
      const program = Operator.token(sluice, token.secret);
      await eventually(async () => (await program.raw("GET", "/session")).status === 401, "the end of the token");
      return program;
    },
    "a token of a user who is gone": async () => {
      const user = await ada.post("/users", { name: unique(), role: "admin", password }, 201);
      const session = await new Operator(sluice).enter(user.name);
      const token = await session.post("/tokens", { name: unique(), role: "admin" }, 201);
      await ada.remove(`/users/${user.id}`, user.version);
      return Operator.token(sluice, token.secret);
    },
  };
  for (const [what, make] of Object.entries(nobodies)) {
    test(`${what} opens nothing`, async () => {
      const nobody = await make();
      for (const route of table) await send(nobody, route, 401, `with ${what}`);
    });
  }

  test("a session without its CSRF token writes nothing", async () => {
    const careless = people.admin.with({ "x-csrf-token": undefined });
    for (const route of table) {
      const reads = route.method === "GET";
      await send(careless, route, reads ? 200 : 403, "without x-csrf-token");
    }
  });

  test("a token does what its scopes let through", async () => {
    const narrow = async (scopes) =>
      Operator.token(sluice, (await ada.post("/tokens", { name: unique(), role: "admin", scopes }, 201)).secret);
    const reader = await narrow(["read"]);
    const keys = await narrow(["keys:read", "keys:write"]);
    const writer = await narrow(["pools:write"]);
    for (const route of table) {
      if (route.path.startsWith("/session")) continue;
      const [ok] = route.statuses;
      await send(reader, route, route.method === "GET" ? ok : 403, "with scope read");
      await send(keys, route, route.path.startsWith("/keys") ? ok : 403, "with scopes of keys");
      const may = route.path.startsWith("/pools") && route.method !== "GET";
      await send(writer, route, may ? ok : 403, "with scope pools:write");
    }
  });
});

test("a member sees and renews his own keys, and no others", async () => {
  const member = (await people.member.get("/session")).user;
  const own = await ada.post("/keys", { name: "his own", owner: member }, 201);
  await ada.post("/keys", { name: "not his" }, 201);
  assert.deepEqual(
    (await people.member.get("/keys")).items.map((item) => item.name),
    ["his own"],
  );
  const shown = await people.member.get(`/keys/${own.id}`);
  await people.member.call("POST", `/keys/${own.id}/rotate`, { headers: { "if-match": `"${shown.version}"` } }, 200);
});

test("an operator can't point an account at a server of his own", async () => {
  const made = await ada.post("/accounts", { name: unique(), ...fields.account }, 201);
  for (const change of [
    { base_url: "http://127.0.0.1:1" },
    { credential: { api_key: "sk-ant-other-0123456789" } },
    { proxy: "http://127.0.0.1:1" },
    { ca_file: "/etc/ssl/certs/ca-certificates.crt" },
  ])
    await people.operator.patch(`/accounts/${made.id}`, made.version, change, 403);
});
