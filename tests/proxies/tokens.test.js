/// The tokens of an account that stands behind a proxy are refreshed through it, and through nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { message, messageRequest } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { ScriptedProxy } from "./scripted_proxy.js";

const world = new World();

for (const kind of ["connect", "socks"]) {
  test(`through ${kind}`, async () => {
    const proxy = await ScriptedProxy.start({ kind });
    world.others.push(proxy);
    const provider = await world.provider((call) =>
      call.send(
        answers.json(call.head.get("authorization") === "Bearer fresh-access-token" ? 200 : 401, message()),
      ),
    );
    const issuer = await world.provider((call) =>
      call.send(
        answers.json(200, { access_token: "fresh-access-token", token_type: "Bearer", expires_in: 3600 }),
      ),
    );
    proxy.behaves = "closes";
    const sluice = await world.sluice({
      account: [
        {
          name: "main",
          provider: "anthropic-compatible",
          base_url: provider.url,
          proxy: proxy.url(),
          credential: {
            oauth2: { token_url: `${issuer.url}/token`, client_id: "me", refresh_token: "refresh-canary-1234" },
          },
        },
      ],
    });
    // Without the proxy there is no token, and no way around it.
    await sluice.process.printed(/token\.postponed .*proxy: it closed the connection/);
    assert.equal(issuer.connections.length, 0);

    proxy.behaves = "leads";
    await sluice.process.printed(/token\.refreshed/, { ms: 30000 });
    const served = async () =>
      (await sluice.messages(messageRequest({ stream: false }))).status === 200;
    await eventually(served, "a request that is served", 10000 * patience);
    assert.deepEqual(
      new Set(proxy.tunnels.map(({ port }) => port)),
      new Set([issuer.port, provider.port]),
    );
    assert.equal(proxy.tunnels.length, issuer.connections.length + provider.connections.length);
  });
}
