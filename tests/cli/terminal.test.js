/// What a person at a terminal is asked: `script` gives the program a terminal of its own.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";

import { program } from "../lib/sluice.js";
import { deferred, patience, within } from "../lib/waiting.js";
import { Store } from "./store.js";

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const skip = spawnSync("script", ["--version"]).status === 0 ? false : "there is no program called script";
let store;
before(() => {
  store = new Store();
});
after(() => store.remove());

/// Runs `args` on a terminal and types what belongs to each question: `[[question, answer], ...]`.
async function typed(args, conversation, { env = {}, columns = 200 } = {}) {
  const command = [program, ...args, "--data", store.data].map(quoted).join(" ");
  const child = spawn("script", ["-qfec", `stty cols ${columns} && exec ${command}`, "/dev/null"], {
    env: { PATH: process.env.PATH, TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let text = "";
  let seen = 0;
  const end = deferred();
  const left = [...conversation];
  child.stdout.setEncoding("utf8").on("data", (piece) => {
    text += piece;
    while (left.length && text.indexOf(left[0][0], seen) >= 0) {
      seen = text.indexOf(left[0][0], seen) + left[0][0].length;
      child.stdin.write(left.shift()[1]);
    }
  });
  child.once("close", (code) => end.resolve(code));
  const code = await within(20000 * patience, end.promise, () => `end of ${command}; it printed ${text}`);
  assert.equal(left.length, 0, `every question was asked: ${text}`);
  return { code, text: text.replaceAll("\r\n", "\n") };
}

describe("at a terminal", { skip }, () => {
  test("a secret is asked for, and never shown", async () => {
    const added = await typed(
      ["account", "add", "main", "--provider", "anthropic", "--api-key", "-"],
      [["(not shown): ", "sk-ant-canary-typed\r"]],
    );
    assert.equal(added.code, 0, added.text);
    assert.ok(!added.text.includes("canary"), added.text);
    assert.match((await store.gives(["account", "show", "main"])).credential.secret_hint, /yped$/);
  });

  test("a password is asked for twice", async () => {
    const added = await typed(
      ["user", "add", "ann"],
      [
        ["New password", "correct horse battery\r"],
        ["Once more", "correct horse battery\r"],
      ],
    );
    assert.equal(added.code, 0, added.text);
    assert.ok(!added.text.includes("horse"), added.text);
    const differ = await typed(
      ["user", "reset-password", "ann"],
      [
        ["New password", "correct horse battery\r"],
        ["Once more", "another horse battery\r"],
      ],
    );
    assert.equal(differ.code, 1);
    assert.match(differ.text, /differ/);
  });

  test("Ctrl-C at the question ends it, and nothing was done", async () => {
    const stopped = await typed(["user", "add", "nobody"], [["New password", "\u0003"]]);
    assert.equal(stopped.code, 1, stopped.text);
    assert.deepEqual(await store.gives(["user", "list", "--search", "nobody"]), []);
  });

  test("remove wants to be confirmed, unless --yes", async () => {
    await store.does(["key", "create", "ci"]);
    const kept = await typed(["key", "remove", "ci"], [["[y/N] ", "n\r"]]);
    assert.equal(kept.code, 1);
    assert.match(kept.text, /nothing was removed/);
    const removed = await typed(["key", "remove", "ci"], [["[y/N] ", "y\r"]]);
    assert.equal(removed.code, 0, removed.text);
    await store.does(["key", "create", "ci"]);
    assert.equal((await typed(["key", "remove", "ci", "--yes"], [])).code, 0);
  });

  test("tables have colours and fit, and NO_COLOR is heeded", async () => {
    await store.does(["key", "create", "wide", "--note", "n", "--model", "claude-a-very-long-pattern-of-a-model-*"]);
    const coloured = await typed(["key", "list"], [], { columns: 60 });
    assert.ok(coloured.text.includes("\u001b[32mactive"), coloured.text);
    const plain = await typed(["account", "list"], [], { columns: 60, env: { NO_COLOR: "1" } });
    assert.ok(!plain.text.includes("\u001b["), plain.text);
    for (const line of plain.text.trimEnd().split("\n")) assert.ok([...line].length <= 60, line);
  });
});
