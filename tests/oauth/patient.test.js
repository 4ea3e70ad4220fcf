/// What needs half a minute or more: a lease that ends by itself, a token that isn't young any more.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { delay, eventually } from "../lib/waiting.js";
import { House } from "./house.js";

describe("what takes its time", { concurrency: true }, async () => {
  test("a server that is killed while it asks is followed by one that asks in its place", async () => {
    const house = await House.build({ lifetime: 60 });
    const { authorization } = house;
    authorization.before = (exchange) => {
      exchange.taken = true; // and never answers
    };
    const sluice = await house.sluice(house.account(await authorization.credential()));
    await eventually(() => authorization.asked.length === 1, "the first try");
    await sluice.kill();
    authorization.before = null;
    await sluice.again();
    // The lease of the dead one ends by itself.
    await house.served(sluice, 40000);
    assert.equal(authorization.granted.length, 1);
  });

  test("a server that is killed before it got its new refresh token leaves no half state", async () => {
    const house = await House.build({ lifetime: 60 });
    const { authorization } = house;
    // The refresh token is used up by now, and its successor never arrives.
    authorization.behind = () => new Promise(() => {});
    const sluice = await house.sluice(house.account(await authorization.credential()));
    await eventually(() => authorization.granted.length === 1, "an answer on its way");
    await sluice.kill();
    authorization.behind = null;
    await sluice.again();
    await sluice.process.printed(/account\.unauthorized account=main reason=.*invalid_grant/, { ms: 40000 });
    sluice.configure({ account: [house.account(await authorization.credential())], log: { level: "trace" } });
    await sluice.reload();
    await house.served(sluice);
  });

  test("a provider that refuses a token before its end gets another, once", async () => {
    const house = await House.build({ lifetime: 3600 });
    const { authorization } = house;
    const sluice = await house.sluice(house.account(await authorization.credential()));
    await house.served(sluice);
    const first = house.bearers.at(-1);
    house.isGood = (token) => token !== first && authorization.isGood(token);
    assert.equal(await house.ask(sluice), 401);
    await delay(3000);
    assert.equal(authorization.asked.length, 1, "a token of a few seconds is no old one");
    await delay(60000);
    assert.equal(await house.ask(sluice), 200, "what is refused then waits for the new one");
    assert.equal(authorization.asked.length, 2);
  });
});
