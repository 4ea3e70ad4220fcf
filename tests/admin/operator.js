/// People and programs that call the admin API, each answer judged.
///
///     const { sluice, ada } = await setUp(world);              // a server whose first user is signed in
///     const key = await ada.post("/keys", { name: "ci" }, 201);
///     await ada.patch(`/keys/${key.id}`, key.version, { note: "x" });

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { request } from "../lib/raw_client.js";
import { Judge, prefix } from "./judge.js";

export { prefix };
export const password = "correct horse battery staple";

const judges = new WeakMap(); // of a server

export async function judgeOf(sluice) {
  if (!judges.has(sluice)) {
    const answer = await sluice.get("/admin/api/openapi.json");
    assert.equal(answer.status, 200, answer.text);
    judges.set(sluice, new Judge(answer.json()));
  }
  return judges.get(sluice);
}

export class Operator {
  /// Without credentials.
  constructor(sluice, more = {}) {
    this.sluice = sluice;
    this.headers = {};
    this.secure = sluice.secure;
    this.tls = Boolean(sluice.secure);
    Object.assign(this, more);
  }

  with(headers) {
    return new Operator(this.sluice, { ...this, headers: { ...this.headers, ...headers } });
  }

  static token(sluice, secret) {
    return new Operator(sluice, { headers: { authorization: `Bearer ${secret}` }, secret });
  }

  async raw(method, path, { body, headers = {}, absolute = false } = {}) {
    const target = absolute ? path : prefix + path;
    const fields = { ...this.headers, ...headers };
    if (body !== undefined && !Object.keys(fields).some((name) => name.toLowerCase() === "content-type"))
      fields["content-type"] = "application/json";
    for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
    const answer = await request(this.sluice.port, { secure: this.secure, method, path: target, headers: fields, body });
    (await judgeOf(this.sluice)).answer(method, target, answer, { tls: this.tls });
    return answer;
  }

  async call(method, path, options, status) {
    const answer = await this.raw(method, path, options);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.text === "" ? undefined : answer.json();
  }

  get(path, status = 200) {
    return this.call("GET", path, {}, status);
  }

  post(path, body, status = 200, headers = {}) {
    return this.call("POST", path, { body, headers }, status);
  }

  patch(path, version, body, status = 200) {
    return this.call("PATCH", path, { body, headers: ifMatch(version) }, status);
  }

  remove(path, version, status = 200) {
    return this.call("DELETE", path, { headers: ifMatch(version) }, status);
  }

  /// Signs in; gives an operator with the session.
  async enter(user, secret = password, code = undefined) {
    const answer = await this.raw("POST", "/session", { body: { user, password: secret, code } });
    assert.equal(answer.status, 200, answer.text);
    return this.holding(answer);
  }

  /// The operator who got this session.
  holding(answer) {
    const line = answer.head.get("set-cookie");
    const cookie = line.split(";")[0];
    const session = answer.json();
    const headers = { ...this.headers, cookie, "x-csrf-token": session.csrf_token };
    return new Operator(this.sluice, { ...this, headers, session, line });
  }
}

export function ifMatch(version) {
  return version === undefined ? {} : { "if-match": `"${version}"` };
}

/// The token of the set-up link that the server has printed.
export async function setUpToken(sluice) {
  const [, token] = await sluice.process.printed(/\/setup#([A-Za-z0-9_-]{43})/);
  return token;
}

/// Makes the first user; signed in.
export async function setUp(sluice, user = "ada") {
  const nobody = new Operator(sluice);
  const body = { token: await setUpToken(sluice), user, password };
  const answer = await nobody.raw("POST", "/setup", { body });
  assert.equal(answer.status, 201, answer.text);
  return nobody.holding(answer);
}

/// RFC 6238, written again.
export function totp(base32, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32.replace(/=+$/, "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1000000).padStart(6, "0");
}
