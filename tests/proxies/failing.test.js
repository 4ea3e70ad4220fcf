/// Proxies that fail: in the handshake the client sees a true status and the log the step; behind it, what it sees of any connection
/// that breaks.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { messageRequest, parseStream, streamEvents } from "../lib/anthropic.js";
import { makeCertificates } from "../lib/certificates.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { requestBytes } from "../lib/raw_client.js";
import { World } from "../lib/world.js";
import { ScriptedProxy } from "./scripted_proxy.js";

const world = new World();
const made = makeCertificates();
after(() => made.remove());
const identity = (name) => ({ cert: made.read(`${name}.pem`), key: made.read(`${name}.key`) });
const events = streamEvents();
const ways = ["http", "https", "socks5h"];
const behaviours = ["refuses", "closes", "babbles", "hangs"];
const connectTimeout = 700 * patience;
const proxies = {};
let provider, sluice;

before(async () => {
  provider = await world.provider();
  const proxy = async (options) => {
    const started = await ScriptedProxy.start(options);
    world.others.push(started);
    return started;
  };
  proxies.http = await proxy({});
  proxies.https = await proxy({ secure: identity("server") });
  proxies.socks5h = await proxy({ kind: "socks" });
  const stranger = await proxy({ secure: identity("stranger") });
  const gone = await ScriptedProxy.start();
  await gone.stop();
  // What failed rests for a while: each case has an account of its own.
  const at = (model, url) => account(provider, model, { models: [model], proxy: url, ca_file: made.file("ca.pem") });
  sluice = await world.sluice({
    relay: { max_attempts: 1, connect_timeout_ms: connectTimeout },
    account: [
      ...ways.flatMap((way) =>
        [...behaviours, "leaves", "dies", "dies-early"].map((what) =>
          at(`${way}-${what}`, proxies[way].url({ credentials: "ada:canary@" })),
        ),
      ),
      at("down", gone.url()),
      at("stranger", stranger.url()),
      at("plain-to-tls", proxies.https.url({ scheme: "http" })),
    ],
  });
});

/// What the log says of the only request for `model`.
async function reasonOf(model) {
  const [, reason] = await sluice.process.printed(new RegExp(`request\\.settled .*model="?${model}"? .*reason="([^"]*)"`));
  return reason;
}

const words = {
  refuses: {
    http: "proxy answered 407 Proxy Authentication Required",
    https: "proxy answered 407 Proxy Authentication Required",
    socks5h: "SOCKS5: the proxy refused user and password",
  },
  closes: {
    http: "proxy: it closed the connection instead of leading on",
    https: "proxy: it closed the connection instead of leading on",
    socks5h: "proxy: it closed the connection instead of leading on",
  },
  babbles: {
    http: "the proxy didn't answer in HTTP",
    https: "the proxy didn't answer in HTTP",
    socks5h: "the proxy doesn't speak SOCKS5",
  },
};

for (const way of ways) {
  describe(`a proxy by ${way}`, () => {
    for (const what of ["refuses", "closes", "babbles"]) {
      test(`that ${what}`, async () => {
        const model = `${way}-${what}`;
        proxies[way].behaves = what;
        const answer = await sluice.messages(messageRequest({ model }));
        assert.equal(answer.status, 502);
        assert.equal(await reasonOf(model), words[what][way]);
        assert.doesNotMatch(answer.text, /canary/);
      });
    }

    test("that hangs in the handshake has as long as a connection has", async () => {
      const model = `${way}-hangs`;
      proxies[way].behaves = "hangs";
      const begin = performance.now();
      const answer = await sluice.messages(messageRequest({ model }));
      const took = performance.now() - begin;
      assert.equal(answer.status, 504);
      assert.equal(await reasonOf(model), "proxy: its answer took longer than connect_timeout_ms");
      assert.ok(took >= connectTimeout - 100 && took < connectTimeout + 3000 * patience, `${took} ms`);
    });

    test("is left when the client leaves", async () => {
      proxies[way].behaves = "hangs";
      const asked = proxies[way].asked.length;
      const client = await sluice.connect();
      client.send(requestBytes(messagesRequest(messageRequest({ model: `${way}-leaves` }))));
      await eventually(() => proxies[way].asked.length > asked, "the proxy is asked", 5000 * patience);
      const socket = proxies[way].sockets.at(-1);
      client.close();
      await eventually(() => socket.readableEnded || socket.destroyed, "the proxy is left", 5000 * patience);
    });

    test("that dies within the stream ends it with an error in it", async () => {
      proxies[way].behaves = "leads";
      const client = await sluice.connect();
      const answer = client.answer();
      const taken = answer.body((so) => so.text === events.preamble + events.content);
      provider.script = async (call) => {
        await call.sendPieces([answers.streamHead(), answers.chunk(events.preamble + events.content)]);
        await taken;
        proxies[way].cut();
      };
      client.send(requestBytes(messagesRequest(messageRequest({ model: `${way}-dies` }))));
      await answer.end;
      const { events: got, rest } = parseStream(answer.text);
      assert.equal(rest, "");
      assert.equal(got.at(-1).type, "error");
      assert.ok(!got.some((one) => one.type === "message_stop"));
    });

    test("that dies before the answer is a failure like any other", async () => {
      proxies[way].behaves = "leads";
      provider.script = () => proxies[way].cut();
      const answer = await sluice.messages(messageRequest({ model: `${way}-dies-early` }));
      assert.equal(answer.status, 502);
    });
  });
}

test("a proxy that isn't there", async () => {
  const answer = await sluice.messages(messageRequest({ model: "down" }));
  assert.equal(answer.status, 502);
  assert.equal(await reasonOf("down"), "proxy: connect: Connection refused");
});

test("a proxy whose certificate is another's", async () => {
  const answer = await sluice.messages(messageRequest({ model: "stranger" }));
  assert.equal(answer.status, 502);
  assert.match(await reasonOf("stranger"), /^proxy: TLS: certificate not accepted: IP address mismatch/);
});

test("plain HTTP to a proxy that wants TLS", async () => {
  const answer = await sluice.messages(messageRequest({ model: "plain-to-tls" }));
  assert.equal(answer.status, 502);
});

test("no word of the proxies' own and no password is in the log", () => {
  assert.doesNotMatch(sluice.log, /canary/);
});
