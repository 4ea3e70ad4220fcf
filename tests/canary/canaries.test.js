/// The search finds what it is meant to find; else the other tests here would show nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Canaries } from "./canaries.js";

const around = (text) => `level=info some=${text} more=text`;

describe("a search for canaries", () => {
  const plain = new Canaries();
  const key = plain.make("key", "sk-ant-api03-");
  const hard = new Canaries();
  const password = hard.makePassword("password");

  const forms = {
    "as it is": (secret) => secret,
    "a part of it": (secret) => secret.slice(-17),
    "in base64": (secret) => Buffer.from(secret).toString("base64"),
    "in base64url": (secret) => Buffer.from(secret).toString("base64url"),
    "in base64 behind one byte": (secret) => Buffer.from(`u${secret}`).toString("base64"),
    "in base64 behind two bytes": (secret) => Buffer.from(`u:${secret}`).toString("base64"),
    "in base64 in the midst of others": (secret) => Buffer.from(`sluice:${secret}@host`).toString("base64"),
    "in hex": (secret) => Buffer.from(secret).toString("hex"),
    "in upper-case hex": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
    "percent-encoded": (secret) => encodeURIComponent(secret),
    "percent-encoded in lower case": (secret) =>
      encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
    "as a form": (secret) => new URLSearchParams({ secret }).toString(),
    "in JSON": (secret) => JSON.stringify(secret),
    reversed: (secret) => [...secret].reverse().join(""),
  };
  for (const [how, write] of Object.entries(forms)) {
    test(`finds one ${how}`, () => {
      assert.equal(plain.search("here", around(write(key))).length, 1, "key");
      assert.equal(hard.search("here", around(write(password))).length, 1, "password");
    });
  }

  test("finds nothing in its hint, its prefix, its hash or another secret", () => {
    const other = new Canaries().make("other", "sk-ant-api03-");
    for (const text of [`...${key.slice(-4)}`, "sk-ant-api03-", other, Buffer.from(other).toString("base64")])
      assert.deepEqual(plain.search("here", around(text)), []);
  });

  test("passes over what may be seen there", () => {
    assert.deepEqual(plain.search("here", key, { except: ["key"] }), []);
  });

  test("fails when something was found", () => {
    const canaries = new Canaries();
    canaries.search("the log", around(canaries.make("key")).padEnd(2000));
    assert.throws(() => canaries.assertNothingLeaked(), /the log/);
  });
});
