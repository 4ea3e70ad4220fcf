/// Signing in: cookies, forged writes, guessing, the second factor, the set-up link.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";

import { makeCertificates } from "../lib/certificates.js";
import { temporaryFolder } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { Operator, password, setUp, setUpToken, totp } from "./operator.js";

const world = new World();
const wrong = "incorrect horse battery staple";

async function restarted(sluice) {
  assert.equal(await sluice.process.stop(), 0);
  await sluice.again();
}

/// Somebody who isn't on this machine, as far as the server can tell.
const elsewhere = (sluice, more = {}) => new Operator(sluice).with({ host: "sluice.example", ...more });

const signIn = (operator, user, secret = password, code = undefined) =>
  operator.raw("POST", "/session", { body: { user, password: secret, code } });

describe("the set-up link", () => {
  test("makes the first administrator, once", async () => {
    const sluice = await world.sluice({});
    const token = await setUpToken(sluice);
    const nobody = new Operator(sluice);
    const body = { token, user: "ada", password };
    await nobody.post("/setup", { ...body, token: `${token.slice(0, 42)}x` }, 403);
    await nobody.post("/setup", { ...body, password: "short" }, 400);
    await nobody.post("/setup", { ...body, user: 'a"b' }, 400);
    await elsewhere(sluice).post("/setup", body, 403);
    await nobody.with({ origin: "http://evil.example" }).post("/setup", body, 403);

    const ada = nobody.holding(await nobody.raw("POST", "/setup", { body }));
    assert.equal(ada.session.role, "admin");
    assert.equal((await ada.get("/session")).name, "ada");
    await nobody.post("/setup", { ...body, user: "eve" }, 403);

    await restarted(sluice);
    assert.equal((await ada.with({}).get("/session")).name, "ada", "sessions outlive a restart");
    const printed = sluice.process.stderr + sluice.process.stdout;
    assert.doesNotMatch(printed, /\/setup#/, "no link where users are");
  });

  test("is void once a newer one was printed", async () => {
    const sluice = await world.sluice({});
    const stale = await setUpToken(sluice);
    await restarted(sluice);
    const token = await setUpToken(sluice);
    assert.notEqual(token, stale);
    await new Operator(sluice).post("/setup", { token: stale, user: "ada", password }, 403);
    await new Operator(sluice).post("/setup", { token, user: "ada", password }, 201);
  });

  test("has a page of its own, under a strict policy", async () => {
    const sluice = await world.sluice({});
    const nobody = new Operator(sluice);
    const html = await nobody.raw("GET", "/setup", { absolute: true });
    assert.equal(html.status, 200);
    assert.equal(html.head.get("content-type"), "text/html; charset=utf-8");
    assert.match(html.head.get("content-security-policy"), /script-src 'self'; style-src 'sha256-/);
    assert.doesNotMatch(html.head.get("content-security-policy"), /unsafe/);
    assert.doesNotMatch(html.text, /<script(?! src="\/setup\.js")/);
    assert.doesNotMatch(html.text, / on[a-z]+=| style=/);
    for (const [, name] of html.text.matchAll(/<input id="(\w+)"/g)) assert.ok(html.text.includes(`<label for="${name}"`));
    const script = await nobody.raw("GET", "/setup.js", { absolute: true });
    assert.equal(script.head.get("content-type"), "text/javascript; charset=utf-8");
    assert.equal((await nobody.raw("POST", "/setup", { absolute: true, body: {} })).status, 405);
  });

  test("isn't needed where a file has the password", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "password");
    fs.writeFileSync(file, `${password}\n`, { mode: 0o600 });
    const sluice = await world.sluice({}, { env: { SLUICE_ADMIN_PASSWORD_FILE: file } });
    assert.equal((await new Operator(sluice).enter("admin")).session.role, "admin");
    assert.doesNotMatch(sluice.process.stderr + sluice.process.stdout, /setup#/);
    fs.rmSync(folder, { recursive: true });
  });
});

describe("a session", () => {
  let sluice, ada;
  before(async () => {
    sluice = await world.sluice({});
    ada = await setUp(sluice);
  });

  test("is a cookie that no script and no other site gets", async () => {
    const { line } = await new Operator(sluice).enter("ada");
    assert.match(line, /^sluice=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    assert.ok(Number(/Max-Age=(\d+)/.exec(line)[1]) <= 12 * 3600);
  });

  test("ends with sign-out", async () => {
    const session = await new Operator(sluice).enter("ada");
    const out = await session.raw("DELETE", "/session");
    assert.equal(out.status, 204);
    assert.match(out.head.get("set-cookie"), /^sluice=; .*Max-Age=0/);
    await session.get("/session", 401);
    await ada.get("/session");
  });

  test("is replaced by the next one of the same browser", async () => {
    const first = await new Operator(sluice).enter("ada");
    const second = await first.enter("ada");
    await first.get("/session", 401);
    await second.get("/session");
  });

  test("writes only with its own CSRF token", async () => {
    const other = await new Operator(sluice).enter("ada");
    for (const forged of [undefined, "", "x".repeat(43), other.session.csrf_token])
      await ada.with({ "x-csrf-token": forged }).post("/pools", { name: "forged" }, 403);
    await ada.with({ "x-csrf-token": undefined }).get("/pools");
  });

  test("writes nothing for a page of another site", async () => {
    for (const headers of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "http://127.0.0.1", "sec-fetch-site": "cross-site" },
    ])
      await ada.with(headers).post("/pools", { name: "forged" }, 403);
    await ada.with({ origin: "http://127.0.0.1", "sec-fetch-site": "same-origin" }).post("/pools", { name: "own" }, 201);
    await new Operator(sluice).with({ origin: "http://evil.example" }).post("/session", { user: "ada", password }, 403);
  });

  test("goes with no token at the same time", async () => {
    await ada.with({ authorization: "Bearer x" }).get("/session", 400);
    await ada.with({ cookie: `${ada.headers.cookie}; sluice=other` }).get("/session", 400);
    await new Operator(sluice).with({ authorization: "Basic YTpi" }).get("/session", 401);
  });

  test("ends when the password changes, or the user is disabled or removed", async () => {
    const bob = await ada.post("/users", { name: "bob", role: "operator", password }, 201);
    const one = await new Operator(sluice).enter("bob");
    const two = await new Operator(sluice).enter("bob");
    const fresh = "another horse battery staple";
    await one.post("/session/password", { password: wrong, new_password: fresh }, 400);
    await one.post("/session/password", { password, new_password: "short" }, 400);
    await one.post("/session/password", { password, new_password: fresh }, 204);
    await one.get("/session");
    await two.get("/session", 401);
    assert.equal((await signIn(new Operator(sluice), "bob")).status, 401);

    const three = await new Operator(sluice).enter("bob", fresh);
    const disabled = await ada.patch(`/users/${bob.id}`, (await ada.get(`/users/${bob.id}`)).version, { disabled: true });
    await three.get("/session", 401);
    assert.equal((await signIn(new Operator(sluice), "bob", fresh)).status, 401);
    const enabled = await ada.patch(`/users/${bob.id}`, disabled.version, { disabled: false });
    const four = await new Operator(sluice).enter("bob", fresh);
    const reset = await ada.post(`/users/${bob.id}/reset-password`, {});
    assert.ok(reset.password.length >= 12);
    await four.get("/session", 401);
    const five = await new Operator(sluice).enter("bob", reset.password);
    const now = await ada.get(`/users/${bob.id}`);
    assert.ok(now.version >= enabled.version);
    await ada.remove(`/users/${bob.id}`, now.version);
    await five.get("/session", 401);
  });

  test("knows nobody better by how it refuses", async () => {
    const unknown = await signIn(new Operator(sluice), "nobody", wrong);
    const mistaken = await signIn(new Operator(sluice), "ada", wrong);
    assert.equal(unknown.status, 401);
    assert.deepEqual(unknown.json(), mistaken.json());
  });
});

describe("over TLS", () => {
  test("the cookie is bound to this host and to TLS", async () => {
    const certificates = makeCertificates();
    const secure = { ca: certificates.read("ca.pem"), servername: "localhost" };
    const server = { tls_certificate: certificates.file("server.pem"), tls_key: certificates.file("server.key") };
    const sluice = await world.sluice({ server }, { secure });
    const ada = await setUp(sluice);
    assert.match(ada.line, /^__Host-sluice=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/);
    await ada.get("/session");
    const plain = ada.headers.cookie.replace("__Host-sluice", "sluice");
    await ada.with({ cookie: plain }).get("/session", 401);
    // Over TLS the link works from anywhere: it is gone by now, so this is refused as used, not as plain.
    const told = await elsewhere(sluice).raw("POST", "/setup", { body: { token: "x", user: "eve", password } });
    assert.match(told.json().error.message, /used/);
    certificates.remove();
  });
});

describe("guessing", () => {
  /// Until the server refuses to look; how many attempts it looked at.
  async function guess(operator, user, most = 12) {
    for (let looked = 0; looked < most; ++looked) {
      const answer = await signIn(operator, user, wrong);
      if (answer.status === 429) {
        assert.ok(Number(answer.head.get("retry-after")) >= 1);
        return looked;
      }
      assert.equal(answer.status, 401);
    }
    return most;
  }

  test("is slow for a user from anywhere, and a restart forgives nothing", async () => {
    const sluice = await world.sluice({ server: { trusted_proxies: ["127.0.0.0/8"] } });
    await setUp(sluice);
    const from = (address) => elsewhere(sluice, { "x-forwarded-for": address });
    for (let i = 1; i <= 5; ++i) assert.equal((await signIn(from(`198.51.100.${i}`), "ada", wrong)).status, 401);
    // From the fifth on each failure doubles the wait; go on until it is long enough to outlive a restart.
    for (let i = 6, wait = 1; wait < 8; ++i) {
      const answer = await signIn(from(`198.51.100.${i}`), "ada", wrong);
      if (answer.status === 429) wait = Number(answer.head.get("retry-after"));
      else assert.equal(answer.status, 401);
      if (wait < 8) await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.equal((await signIn(from("198.51.100.200"), "ada")).status, 429);
    await restarted(sluice);
    assert.equal((await signIn(from("198.51.100.201"), "ada")).status, 429, "also with the right password");
    // Whoever sits at the machine comes in after a second at most.
    const patient = new Operator(sluice);
    let answer = await signIn(patient, "ada");
    if (answer.status === 429) {
      assert.equal(answer.head.get("retry-after"), "1");
      await new Promise((resolve) => setTimeout(resolve, 1100));
      answer = await signIn(patient, "ada");
    }
    assert.equal(answer.status, 200);
  });

  test("is slow for an address, of IPv6 for its /64", async () => {
    const sluice = await world.sluice({ server: { trusted_proxies: ["127.0.0.0/8"] } });
    await setUp(sluice);
    for (let i = 0; i < 6; ++i)
      await signIn(elsewhere(sluice, { "x-forwarded-for": `2001:db8::${i + 1}` }), `nobody${i}`, wrong);
    assert.equal((await signIn(elsewhere(sluice, { "x-forwarded-for": "2001:db8::ffff" }), "ada")).status, 429);
    assert.equal((await signIn(elsewhere(sluice, { "x-forwarded-for": "2001:db8:0:1::1" }), "ada")).status, 200);
  });

  test("behind a proxy on this machine is guessing from outside", async () => {
    const sluice = await world.sluice({});
    await setUp(sluice);
    for (const headers of [
      { "x-forwarded-for": "127.0.0.1" },
      { forwarded: "for=127.0.0.1" },
      { via: "1.1 proxy" },
      { "x-forwarded-host": "127.0.0.1" },
      { host: "sluice.example" },
    ]) {
      const proxied = new Operator(sluice).with(headers);
      const told = await proxied.raw("POST", "/setup", { body: { token: "x", user: "eve", password } });
      assert.equal(told.status, 403);
      assert.match(told.json().error.message, /TLS/, `${JSON.stringify(headers)} is no loopback visitor`);
    }
    assert.ok((await guess(new Operator(sluice).with({ via: "1.1 proxy" }), "nobody")) <= 6);
  });

  test("with many at once is no faster", async () => {
    const sluice = await world.sluice({});
    await setUp(sluice);
    const crowd = Array.from({ length: 20 }, () => signIn(elsewhere(sluice), "ada", wrong));
    const looked = (await Promise.all(crowd)).filter((answer) => answer.status === 401).length;
    assert.ok(looked <= 7, `${looked} of 20 were looked at`);
  });
});

test("a crowd waits its turn; past its end it is told to come again, and nobody else notices", async () => {
  const sluice = await world.sluice({ server: { trusted_proxies: ["127.0.0.0/8"] } });
  await setUp(sluice);
  const crowd = Array.from({ length: 64 }, (_, i) =>
    signIn(elsewhere(sluice, { "x-forwarded-for": `198.51.100.${i}` }), `nobody ${i}`, wrong),
  );
  const health = await sluice.get("/health");
  assert.equal(health.status, 200);
  const statuses = (await Promise.all(crowd)).map((answer) => answer.status);
  assert.ok(statuses.includes(401), "some were looked at");
  assert.ok(statuses.includes(503), "some were too many");
  assert.deepEqual(
    statuses.filter((status) => ![401, 503].includes(status)),
    [],
  );
  assert.equal((await signIn(new Operator(sluice), "ada")).status, 200);
});

describe("the second factor", () => {
  let sluice, ada;
  before(async () => {
    sluice = await world.sluice({});
    ada = await setUp(sluice);
  });

  test("is in force once it is confirmed; each code works once", async () => {
    const offer = await ada.post("/session/totp", undefined);
    assert.match(offer.url, /^otpauth:\/\/totp\/.*ada.*secret=/);
    await new Operator(sluice).enter("ada");
    await ada.post("/session/totp/confirm", { code: "000000" }, 400);
    const { recovery_codes: recovery } = await ada.post("/session/totp/confirm", { code: totp(offer.secret) });
    assert.equal(new Set(recovery).size, 10);
    await ada.post("/session/totp", undefined, 409);

    const asked = await signIn(new Operator(sluice), "ada");
    assert.equal(asked.status, 401);
    assert.equal(asked.json().error.field, "code");
    const next = totp(offer.secret, Date.now() + 30000); // of the step to come: the one of now is used up
    const session = await new Operator(sluice).enter("ada", password, next);
    assert.equal(session.session.second_factor, true);
    assert.equal((await signIn(new Operator(sluice), "ada", password, next)).status, 401, "a replay");
    await new Operator(sluice).enter("ada", password, recovery[0]);
    assert.equal((await signIn(new Operator(sluice), "ada", password, recovery[0])).status, 401);
    await new Operator(sluice).enter("ada", password, recovery[1].toUpperCase().replaceAll("-", ""));

    await session.call("DELETE", "/session/totp", { body: { password: wrong } }, 400);
    await session.call("DELETE", "/session/totp", { body: { password } }, 204);
    await new Operator(sluice).enter("ada");
  });

  test("goes with the password that an admin makes new: who lost it comes in again", async () => {
    const bob = await ada.post("/users", { name: "bob", role: "viewer", password }, 201);
    const before = await new Operator(sluice).enter("bob");
    const offer = await before.post("/session/totp", undefined);
    await before.post("/session/totp/confirm", { code: totp(offer.secret) });
    assert.equal((await signIn(new Operator(sluice), "bob")).status, 401);

    const reset = await ada.post(`/users/${bob.id}/reset-password`, {});
    const after = await new Operator(sluice).enter("bob", reset.password);
    assert.equal(after.session.second_factor, false);
  });

  test("is a matter of people, not of tokens", async () => {
    const made = await ada.post("/tokens", { name: "program", role: "admin" }, 201);
    const program = Operator.token(sluice, made.secret);
    await program.post("/session/totp", undefined, 403);
    await program.post("/session/password", { password, new_password: "another horse battery staple" }, 403);
    await program.call("DELETE", "/session", {}, 403);
    const told = await program.get("/session");
    assert.equal(told.actor, `token:${made.id}`);
    assert.equal(told.csrf_token, undefined);
  });
});
