/// What becomes of an account when its token endpoint is ill, refuses, or is cut off.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { delay, eventually, patience } from "../lib/waiting.js";
import { House, lines } from "./house.js";

const refuseWith = (status, headers = {}) => (exchange) => {
  exchange.taken = true;
  exchange.response.writeHead(status, headers).end("{}");
};

describe("a token endpoint that is down", async () => {
  const house = await House.build({ lifetime: 12 });

  test("is asked again, less and less often; the old token is used to its end", async () => {
    const sluice = await house.sluice(house.account(await house.authorization.credential()));
    await house.served(sluice);
    const { authorization } = house;
    const { until } = authorization.issued.get(house.bearers.at(-1));
    authorization.before = (exchange) => {
      exchange.taken = true;
      exchange.request.socket.resetAndDestroy();
    };
    const asked = authorization.asked.length;
    while (Date.now() < until - 1500) {
      assert.equal(await house.ask(sluice), 200);
      await delay(200);
    }
    await house.refused(sluice, 4000);
    const tries = authorization.asked.length - asked;
    assert(tries >= 2 && tries <= 8, `${tries} tries in 6 s`);
    await sluice.process.printed(/token\.expired account=main/);
    assert.equal(lines(sluice, "token.postponed").length, authorization.asked.length - asked);

    authorization.before = null;
    await house.served(sluice, 70000);
    assert.equal(lines(sluice, "account.unauthorized").length, 0);
  });
});

describe("a token endpoint that is busy", async () => {
  const house = await House.build({ lifetime: 60 });

  test("is asked again when it said, not before", async () => {
    const { authorization } = house;
    authorization.before = refuseWith(429, { "retry-after": "4" });
    const sluice = await house.sluice(house.account(await authorization.credential()));
    await eventually(() => authorization.asked.length === 1, "the first try");
    authorization.before = null;
    await house.served(sluice, 10000);
    const [first, second] = authorization.asked;
    assert(second.at - first.at >= 4000, `${second.at - first.at} ms`);
    assert.equal(authorization.asked.length, 2);
  });
});

describe("answers that are no answers", async () => {
  const house = await House.build({ lifetime: 60 });
  const document = (body, status = 200, headers = {}) => (exchange) => {
    exchange.taken = true;
    exchange.response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  };
  const cases = {
    "a page": document("<html>sign in</html>"),
    "a redirect": document("", 302, { location: "/elsewhere" }),
    "another type of token": document(
      JSON.stringify({ access_token: "canary-of-another-type", token_type: "DPoP", expires_in: 60 }),
    ),
    "a flood": (exchange) => {
      exchange.taken = true;
      exchange.response.writeHead(200);
      exchange.response.end(`{"access_token":"${"x".repeat(200000)}"`);
    },
    "half an answer": (exchange) => {
      exchange.taken = true;
      exchange.response.writeHead(200, { "content-length": 1000 });
      exchange.response.write('{"access_token":"canary-of-a-half');
      exchange.request.socket.end();
    },
  };

  for (const [name, answer] of Object.entries(cases)) {
    test(name, async () => {
      const { authorization } = house;
      authorization.secrets.add("canary-of-");
      authorization.before = answer;
      const asked = authorization.asked.length;
      const sluice = await house.sluice(house.account(await authorization.credential()));
      await eventually(() => authorization.asked.length >= asked + 2, "a second try", 8000 * patience);
      assert.notEqual(await house.ask(sluice), 200);
      authorization.before = null;
      await house.served(sluice, 20000);
      assert(authorization.asked.every(({ path }) => path === "/token"), "the redirect was followed");
      await sluice.stop();
    });
  }
});

describe("a grant that was revoked", async () => {
  const house = await House.build({ lifetime: 6 });
  let one, two;

  test("marks the account, is told once, and nothing more is asked", async () => {
    const { authorization } = house;
    one = await house.sluice(house.account(await authorization.credential()));
    two = await house.sluiceBeside(one);
    await house.served(one);
    await house.served(two);
    await authorization.revoke();
    await house.refused(one);
    await house.refused(two, 2000);
    const told = [one, two].flatMap((sluice) => lines(sluice, "account.unauthorized"));
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(told[0], / error account\.unauthorized account=main reason=.*invalid_grant/);
    const asked = authorization.asked.length;
    await delay(8000);
    assert.equal(authorization.asked.length, asked);
  });

  test("is over with a new credential", async () => {
    const { authorization } = house;
    one.configure({ account: [house.account(await authorization.credential())], log: { level: "trace" } });
    await one.reload();
    await house.served(one);
    // The other one has the old file, and the new token from the store; it reads the file at its own reload.
    await two.reload();
    await house.served(two);
    await delay(5000);
    assert.equal(await house.ask(one), 200);
    assert.equal(await house.ask(two), 200);
  });
});

describe("a client that the server doesn't know", async () => {
  const house = await House.build({ lifetime: 60 });

  test("is told at once, and tried again at the next start", async () => {
    const { authorization } = house;
    const credential = await authorization.credential();
    authorization.secrets.add("client-secret-that-is-wrong");
    const wrong = { oauth2: { ...credential.oauth2, client_secret: "client-secret-that-is-wrong" } };
    const sluice = await house.sluice(house.account(wrong));
    await sluice.process.printed(/account\.unauthorized account=main reason=.*invalid_client/);
    assert.equal(authorization.asked.length, 1);
    await sluice.kill();
    await sluice.again();
    await sluice.process.printed(/account\.unauthorized/);
    assert.equal(authorization.asked.length, 2);
  });
});
