/// A person or a program at the admin API, whose every answer is searched.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

const prefix = "/admin/api/v1";

export class Operator {
  constructor(witness, sluice, headers = {}) {
    Object.assign(this, { witness, sluice, headers });
  }

  /// The answer, whatever it is. `except`: what it may show.
  async asks(method, path, body, { headers = {}, except = [] } = {}) {
    const fields = { ...this.headers, ...headers };
    if (body !== undefined) fields["content-type"] ??= "application/json";
    return this.witness.asks(this.sluice, { method, path: prefix + path, headers: fields, body }, { except });
  }

  /// What a request that must succeed gave.
  async does(method, path, body, options) {
    const answer = await this.asks(method, path, body, options);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text === "" ? undefined : answer.json();
  }

  /// Everything that can be read.
  async readsAll() {
    for (const kind of ["accounts", "pools", "keys", "users", "tokens"]) {
      const { items } = await this.does("GET", `/${kind}?removed=1`);
      for (const { id } of items) await this.does("GET", `/${kind}/${encodeURIComponent(id)}`);
    }
    for (const path of ["/session", "/audit?limit=1000", "/settings", "/health"]) await this.does("GET", path);
  }

  /// After a sign-in or the set-up: the same person, with the session.
  holding(answer) {
    const cookie = answer.head.get("set-cookie").split(";")[0];
    this.witness.canaries.watch("session cookie", cookie.split("=")[1]);
    return new Operator(this.witness, this.sluice, { cookie, "x-csrf-token": answer.json().csrf_token });
  }
}

/// RFC 6238, written again.
export function totp(base32, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1000000).padStart(6, "0");
}
