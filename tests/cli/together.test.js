/// Several commands at once: every one is a process of its own on the same store.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Store } from "./store.js";

let store;
before(() => {
  store = new Store();
});
after(() => store.remove());

const times = (count, work) => Promise.all(Array.from({ length: count }, (_, n) => work(n)));

describe("commands at once", () => {
  test("the first ones make one store and one master key between them", async () => {
    const made = await times(8, (n) =>
      store.gives(["account", "add", `first-${n}`, "--provider", "anthropic", "--api-key", "env:KEY"], {
        env: { KEY: `sk-ant-canary-${n}` },
      }),
    );
    assert.equal(new Set(made.map((one) => one.id)).size, 8);
    // All secrets open under the one key that is left.
    const rotated = await store.gives(["secrets", "rotate"]);
    assert.ok(rotated.sealed >= 8);
  });

  test("two editors of an account lose nothing", async () => {
    const rounds = 10;
    await Promise.all([
      (async () => {
        for (let n = 1; n <= rounds; ++n) await store.does(["account", "set", "first-0", "--priority", String(n)]);
      })(),
      (async () => {
        for (let n = 1; n <= rounds; ++n) await store.does(["account", "set", "first-0", "--note", `round ${n}`]);
      })(),
    ]);
    const shown = await store.gives(["account", "show", "first-0"]);
    assert.equal(shown.priority, rounds);
    assert.equal(shown.note, `round ${rounds}`);
    assert.equal(shown.version, 1 + 2 * rounds, "every change is one version");
  });

  test("50 keys come of 50 processes", async () => {
    const made = await times(50, (n) => store.gives(["key", "create", `k-${n}`]));
    assert.equal(new Set(made.map((key) => key.secret)).size, 50);
    assert.equal((await store.gives(["key", "list", "--search", "k-"])).length, 50);
  });

  test("of one name, one is made", async () => {
    const made = await times(6, () => store.runs(["key", "create", "same", "--json"]));
    assert.equal(made.filter((done) => done.code === 0).length, 1);
    for (const done of made.filter((one) => one.code !== 0)) {
      assert.equal(done.code, 1);
      assert.match(done.stderr, /same/);
    }
  });

  test("lists have pages, and nobody sees them", async () => {
    // More than a page of the store holds by default.
    for (let from = 0; from < 150; from += 25) await times(25, (n) => store.does(["pool", "add", `p-${from + n}`]));
    assert.equal((await store.gives(["pool", "list", "--search", "p-"])).length, 150);
    assert.equal((await store.does(["pool", "list", "--names", "--search", "p-"])).trim().split("\n").length, 150);
  });
});
