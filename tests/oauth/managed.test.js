/// An account that was added on the command line, without a file.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { delay } from "../lib/waiting.js";
import { House, lines } from "./house.js";

describe("an account of the store", async () => {
  const house = await House.build({ lifetime: 6 });
  let sluice;

  /// The flags of a credential; secrets go by the environment.
  const flags = ({ oauth2 }) => ({
    args: [
      ...["--oauth2-token-url", oauth2.token_url],
      ...["--oauth2-client-id", oauth2.client_id],
      ...["--oauth2-client-secret", "env:CLIENT_SECRET"],
      ...["--oauth2-refresh-token", "env:REFRESH_TOKEN"],
    ],
    env: { CLIENT_SECRET: oauth2.client_secret, REFRESH_TOKEN: oauth2.refresh_token },
  });

  test("is served as soon as it is there, and kept fresh", async () => {
    sluice = await house.sluice();
    const { args, env } = flags(await house.authorization.credential());
    const of = ["--provider", "anthropic-compatible", "--base-url", house.provider.url];
    await sluice.does(["account", "add", "main", ...of, ...args], { env });
    await house.served(sluice);
    const end = Date.now() + 10000;
    while (Date.now() < end) {
      assert.equal(await house.ask(sluice), 200);
      await delay(200);
    }
    assert(house.authorization.granted.length >= 3);
    assert.equal(house.authorization.asked.length, house.authorization.granted.length);
  });

  test("is started anew by an edit after its grant was revoked", async () => {
    await house.authorization.revoke();
    await house.refused(sluice);
    await sluice.process.printed(/account\.unauthorized account=main/);
    const { env } = flags(await house.authorization.credential());
    await sluice.does(["account", "set", "main", "--oauth2-refresh-token", "env:REFRESH_TOKEN"], { env });
    await house.served(sluice);
    await delay(4000);
    assert.equal(await house.ask(sluice), 200);
    assert.equal(lines(sluice, "account.unauthorized").length, 1);
  });

  test("is left alone once it is removed", async () => {
    await sluice.does(["account", "remove", "main"]);
    await house.refused(sluice, 2000);
    const asked = house.authorization.asked.length;
    await delay(6000);
    assert.equal(house.authorization.asked.length, asked);
  });
});
