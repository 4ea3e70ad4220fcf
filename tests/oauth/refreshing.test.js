/// Access tokens are always good, whoever serves, and asked for once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Postgres } from "../lib/postgres.js";
import { delay } from "../lib/waiting.js";
import { House, lines } from "./house.js";

describe("one server", async () => {
  const house = await House.build({ lifetime: 8 });

  test("refreshes ahead of the end, and no request ever carries a token that has ended", async () => {
    const sluice = await house.sluice(house.account(await house.authorization.credential()));
    await house.served(sluice);
    const before = house.bearers.length;
    const end = Date.now() + 18000;
    const statuses = new Set();
    while (Date.now() < end) {
      statuses.add(await house.ask(sluice));
      await delay(100);
    }
    assert.deepEqual([...statuses], [200]);
    const used = new Set(house.bearers.slice(before));
    assert(used.size >= 3, `${used.size} tokens were used`);
    // Each of them once: one answer of the token endpoint, one token.
    assert.equal(house.authorization.asked.length, house.authorization.granted.length);
    assert(house.authorization.granted.length - used.size <= 1);
    assert.equal(lines(sluice, "token.refreshed").length, house.authorization.granted.length);
  });

  test("goes on with the stored tokens after it was killed, and asks for none", async () => {
    const [sluice] = house.servers;
    const asked = house.authorization.asked.length;
    // Just after a refresh there is time for all that follows before the next.
    while (house.authorization.asked.length === asked) await delay(20);
    await delay(500);
    await sluice.kill();
    await sluice.again();
    await house.served(sluice, 2000);
    assert.equal(house.authorization.asked.length, asked + 1);
    // The rotated refresh token was not forgotten either.
    while (house.authorization.asked.length === asked + 1) await delay(20);
    await delay(1000);
    assert.equal(await house.ask(sluice), 200);
    assert.equal(house.authorization.asked.length, house.authorization.granted.length);
  });
});

for (const engine of ["SQLite", "PostgreSQL"]) {
  const skip = engine === "PostgreSQL" && !Postgres.installed && "PostgreSQL is not installed";
  describe(`two servers on one store, ${engine}`, { skip }, async () => {
    if (skip) return;
    const house = await House.build({ lifetime: 8 });

    test("refresh once for both, and either goes on without the other", async () => {
      const store = {};
      if (engine === "PostgreSQL") {
        house.postgres = await Postgres.start();
        house.world.others.push(house.postgres);
        store.url = await house.postgres.database();
      }
      const one = await house.sluiceOn(store, house.account(await house.authorization.credential()));
      const two = await house.sluiceBeside(one);
      await house.served(one);
      await house.served(two);
      const begin = Date.now();
      const asked = house.authorization.asked.length;
      while (Date.now() - begin < 15000) {
        assert.deepEqual([await house.ask(one), await house.ask(two)], [200, 200]);
        await delay(200);
      }
      // A refresh every 3.6 to 4 s, for both together.
      const refreshes = house.authorization.asked.length - asked;
      const periods = (Date.now() - begin) / 4000;
      assert(refreshes >= Math.floor(periods) - 1 && refreshes <= Math.ceil(periods * 1.3), `${refreshes} refreshes`);
      assert.equal(house.authorization.asked.length, house.authorization.granted.length);

      // Whoever refreshed last may have been the first one, or not.
      await one.kill();
      const end = Date.now() + 10000;
      while (Date.now() < end) {
        assert.equal(await house.ask(two), 200);
        await delay(200);
      }
      assert.equal(house.authorization.asked.length, house.authorization.granted.length);
      await one.again();
      await house.served(one, 2000);
    });
  });
}

describe("every way to sign the client in", async () => {
  const house = await House.build({ lifetime: 60 });

  for (const auth of ["basic", "post", "none"]) {
    test(auth, async () => {
      const sluice = await house.sluice(house.account(await house.authorization.credential({ auth, scopes: ["llm.use"] })));
      await house.served(sluice);
      const { answer } = house.authorization.granted.at(-1);
      assert.equal(answer.scope, "llm.use");
    });
  }
});
