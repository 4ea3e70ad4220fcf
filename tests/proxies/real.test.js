/// Streams, uploads and refusals through squid (CONNECT, over TCP and TLS) and dante (SOCKS5), to plain and TLS providers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { message, messageRequest, stream } from "../lib/anthropic.js";
import { makeCertificates } from "../lib/certificates.js";
import { answers } from "../lib/scripted_provider.js";
import { account } from "../lib/sluice.js";
import { World } from "../lib/world.js";
import { Dante, inner, password, Squid } from "./real_proxies.js";

const world = new World();
const made = makeCertificates();
after(() => made.remove());
const large = "x".repeat(3 << 20);
const answer = (call) => {
  if (call.body.length === 0) return call.send(answers.json(200, { data: [] })); // the models
  return call.send(
    call.json.stream === false ? answers.json(200, message({ text: large })) : answers.stream(stream()),
  );
};
const ways = ["http", "https", "socks5", "socks5h"];
let squid, dante, plain, secure, sluice;

const proxyUrl = (way, options) => {
  if (way === "http") return squid.url(options);
  return way === "https" ? squid.secureUrl(options) : dante.url(way, options);
};

before(async () => {
  squid = await Squid.start({ certificate: made.file("server.pem"), key: made.file("server.key") });
  dante = await Dante.start();
  world.others.push(squid, dante);
  plain = await world.provider(answer);
  secure = await world.provider(answer, { secure: { cert: made.read("server.pem"), key: made.read("server.key") } });
  const ca_file = made.file("ca.pem");
  const at = (way, provider, kind) =>
    account(provider, `${way}-${kind}`, { ca_file, proxy: proxyUrl(way), models: [`claude-${way}-${kind}`] });
  const hidden = (way) =>
    account({ url: `http://${inner}:${plain.port}` }, `${way}-inner`, {
      ca_file,
      proxy: proxyUrl(way),
      models: [`claude-${way}-inner`],
    });
  const wrong = (way) =>
    account(plain, `${way}-wrong`, {
      ca_file,
      proxy: proxyUrl(way, { by: "canary-canary" }),
      models: [`claude-${way}-wrong`],
    });
  sluice = await world.sluice({
    security: { allow_private_upstreams: true },
    relay: { max_attempts: 1 },
    account: [
      ...ways.flatMap((way) => [at(way, plain, "plain"), at(way, secure, "tls"), wrong(way)]),
      ...ways.filter((way) => way !== "socks5").map(hidden),
    ],
  });
});

for (const way of ways) {
  for (const kind of ["plain", "tls"]) {
    describe(`through ${way} to a ${kind} provider`, () => {
      const model = `claude-${way}-${kind}`;
      const provider = () => (kind === "plain" ? plain : secure);

      test("streams come as they are, and the connection is kept", async () => {
        const before = provider().connections.length;
        for (let i = 0; i < 3; i += 1) {
          const got = await sluice.messages(messageRequest({ model }));
          assert.equal(got.status, 200, got.text);
          assert.equal(got.text, stream());
        }
        assert.equal(provider().connections.length, before + 1);
        assert.equal(provider().last.head.get("proxy-authorization"), undefined);
      });

      test("megabytes go both ways", async () => {
        const got = await sluice.messages(messageRequest({ model, stream: false, text: large }));
        assert.equal(got.status, 200);
        assert.equal(JSON.parse(got.text).content[0].text, large);
        assert.equal(provider().last.json.messages[0].content, large);
      });
    });
  }

  test(`a wrong password at ${way} is told, and not shown`, async () => {
    const got = await sluice.messages(messageRequest({ model: `claude-${way}-wrong` }));
    assert.equal(got.status, 502);
    const words = way.startsWith("socks")
      ? "SOCKS5: the proxy refused user and password"
      : "proxy answered 407 Proxy Authentication Required";
    await sluice.process.printed(new RegExp(`account=${way}-wrong .*reason="${words}"`));
    assert.doesNotMatch(sluice.log + got.text, /canary/);
  });

  if (way === "socks5") continue;
  test(`${way} leads to a name that only the proxy knows`, async () => {
    const got = await sluice.messages(messageRequest({ model: `claude-${way}-inner` }));
    assert.equal(got.status, 200, got.text);
  });
}

test("no log shows a proxy's password", () => {
  assert.ok(!sluice.log.includes(password));
  assert.ok(!sluice.log.includes(encodeURIComponent(password)));
  assert.ok(!sluice.log.includes(Buffer.from(`ada@home:${password}`).toString("base64")));
});

test("`account test` and `check` go the same way", async () => {
  const tried = await sluice.runs(["account", "test", "https-tls"]);
  assert.match(tried.stdout, /https:\/\/127\.0\.0\.1:\d+ leads to 127\.0\.0\.1 port \d+, certificate trusted/);
  const checked = await sluice.runs(["check"]);
  for (const way of ways) {
    assert.match(checked.stdout, new RegExp(`ok +account ${way}-plain: .*leads to 127\\.0\\.0\\.1`));
    assert.match(checked.stdout, new RegExp(`fail +account ${way}-wrong: `));
  }
  assert.doesNotMatch(checked.stdout + checked.stderr, /canary/);
});
