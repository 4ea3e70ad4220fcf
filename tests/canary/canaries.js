/// Secrets made for the test, and the search for them in any form they could leak in.
///
///     const canaries = new Canaries();
///     const apiKey = canaries.make("api key", "sk-ant-api03-");
///     canaries.search("the log", log);        // remembers what it finds
///     canaries.assertNothingLeaked();

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

function randomText(length, alphabet = letters) {
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join("");
}

/// The base64 of `bytes` wherever it may stand in something longer: one text for each of the three alignments, without the
/// characters that depend on what is around it.
function base64Inside(bytes) {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return text.slice(shift === 0 ? 0 : 4).replace(/=+$/, "").slice(0, -2);
  });
}

/// Every text that `secret` may stand as, with how much of it in a row counts as a leak.
function formsOf(secret) {
  const bytes = Buffer.from(secret);
  const forms = [];
  const add = (name, text, piece) => forms.push({ name, text, piece });
  add("plain", secret, 8);
  add("reversed", [...secret].reverse().join(""), 8);
  for (const text of base64Inside(bytes)) {
    add("base64", text, 11);
    if (/[+/]/.test(text)) add("base64url", text.replaceAll("+", "-").replaceAll("/", "_"), 11);
  }
  add("hex", bytes.toString("hex"), 16);
  add("hex", bytes.toString("hex").toUpperCase(), 16);
  const encoded = encodeURIComponent(secret);
  if (encoded !== secret) {
    const every = [...bytes].map((byte) => (/[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("");
    for (const text of new Set([encoded, every, every.replaceAll("%20", "+")])) {
      add("percent-encoded", text, 12);
      add("percent-encoded", text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()), 12);
    }
  }
  const json = JSON.stringify(secret).slice(1, -1);
  if (json !== secret) add("JSON", json, 10);
  return forms;
}

/// Pieces that lie side by side: any part of the text that is twice as long holds one whole.
function piecesOf({ text, piece }) {
  const pieces = [];
  for (let at = 0; at + piece <= text.length; at += piece) pieces.push(text.slice(at, at + piece));
  return pieces;
}

export class Canaries {
  constructor() {
    this.needles = [];
    this.leaks = [];
    this.searched = 0;
  }

  /// A new secret: `prefix`, which may be seen, and random letters, which may not.
  make(name, prefix = "", length = 40) {
    return prefix + this.watch(name, randomText(length));
  }

  /// One with the characters that other people's formats escape.
  makePassword(name) {
    return this.watch(name, randomText(6) + [..."/:@%+&=\"\\"].map((c) => c + randomText(3)).join(""));
  }

  /// Watches for a secret that somebody else made; what its like begin with ("sk-slc-") may be seen.
  watch(name, secret) {
    for (const form of formsOf(secret.replace(/^([a-z]{2,5}-)+/, ""))) {
      for (const piece of piecesOf(form)) this.needles.push({ canary: name, form: form.name, bytes: Buffer.from(piece) });
    }
    return secret;
  }

  /// Looks for all of them in `data`, but for the named ones, which may be there. What it finds.
  search(where, data, { except = [] } = {}) {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data);
    this.searched += bytes.length;
    const found = new Map();
    for (const { canary, form, bytes: needle } of this.needles) {
      if (except.includes(canary) || found.has(canary)) continue;
      const at = bytes.indexOf(needle);
      if (at < 0) continue;
      const around = bytes.subarray(Math.max(0, at - 80), at + needle.length + 20).toString("latin1");
      found.set(canary, { canary, form, where, around });
    }
    this.leaks.push(...found.values());
    return [...found.values()];
  }

  /// Every file below `folder`, but for those whose path `except` matches.
  searchFolder(where, folder, { except = /^$/, ...options } = {}) {
    for (const name of fs.readdirSync(folder, { recursive: true })) {
      const file = path.join(folder, name);
      if (!except.test(name) && fs.statSync(file).isFile()) this.search(`${where}: ${name}`, fs.readFileSync(file), options);
    }
  }

  assertNothingLeaked() {
    assert.ok(this.searched > 1000, "there was something to search");
    assert.deepEqual(this.leaks, []);
  }
}
