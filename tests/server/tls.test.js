/// TLS on both sides, with an authority of our own.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";

import { messageRequest, stream } from "../lib/anthropic.js";
import { makeCertificates } from "../lib/certificates.js";
import { RawClient, request, requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const made = makeCertificates();
after(() => made.remove());
const ca = made.read("ca.pem");
const identity = (name) => ({ cert: made.read(`${name}.pem`), key: made.read(`${name}.key`) });
const good = (call) => call.send(answers.stream(stream()));
let provider, sluice;

before(async () => {
  provider = await world.provider(good, { secure: identity("server") });
  fs.copyFileSync(made.file("server.pem"), made.file("active.pem"));
  fs.copyFileSync(made.file("server.key"), made.file("active.key"));
  sluice = await world.sluice(
    {
      server: {
        tls_certificate: made.file("active.pem"),
        tls_key: made.file("active.key"),
        tls_handshake_timeout_ms: 500,
        header_timeout_ms: 800,
      },
      account: [account(provider, "main", { ca_file: made.file("ca.pem") })],
    },
    { secure: { ca } },
  );
});

describe("the listener", () => {
  test("serves streams", async () => {
    const answer = await sluice.messages(messageRequest());
    assert.equal(answer.status, 200);
    assert.equal(answer.text, stream());
  });

  test("keeps the connection, and takes requests byte by byte", async () => {
    const client = await sluice.connect();
    for (let i = 0; i < 2; i += 1) {
      const answer = client.answer();
      for (const byte of requestBytes(messagesRequest(messageRequest()))) client.send(Buffer.from([byte]));
      await answer.end;
      assert.equal(answer.text, stream());
    }
    client.close();
  });

  test("takes large bodies and gives large answers", async () => {
    const large = "x".repeat(3_000_000);
    provider.script = (call) =>
      call.send(
        answers.json(200, JSON.stringify({ type: "message", content: [{ type: "text", text: large }] })),
      );
    const answer = await sluice.messages(messageRequest({ stream: false, text: large }));
    provider.script = good;
    assert.equal(answer.status, 200);
    assert.equal(answer.json().content[0].text, large);
    assert.equal(provider.last.json.messages[0].content, large);
  });

  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    test(`speaks ${version}, and resumes a session`, async () => {
      const options = { ca, minVersion: version, maxVersion: version };
      const first = tls.connect({ port: sluice.port, host: "127.0.0.1", ...options });
      const session = new Promise((resolve) => first.once("session", resolve));
      first.write(requestBytes({ method: "GET", path: "/health" }));
      const ticket = await session;
      first.destroy();
      const second = await RawClient.connect(sluice.port, { secure: { ...options, session: ticket } });
      assert.ok(second.socket.isSessionReused());
      second.send(requestBytes({ method: "GET", path: "/health" }));
      assert.equal((await second.answer().head).status, 200);
      second.close();
    });
  }

  test("speaks nothing older", async () => {
    await assert.rejects(
      RawClient.connect(sluice.port, {
        secure: { ca, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
      }),
    );
  });

  test("answers nothing in clear", async () => {
    const client = await RawClient.connect(sluice.port);
    client.send(requestBytes({ method: "GET", path: "/health" }));
    await client.closed;
    assert.ok(!Buffer.concat(client.early).toString("latin1").includes("HTTP/1.1 200"));
    client.close();
  });

  test("drops a client that never finishes its handshake", async () => {
    const client = await RawClient.connect(sluice.port);
    client.send(Buffer.from([0x16, 0x03, 0x01]));
    await client.closed;
    client.close();
  });

  test("notices a client that leaves", async () => {
    provider.script = () => {};
    const client = await sluice.connect();
    client.send(requestBytes(messagesRequest(messageRequest())));
    const call = await provider.next();
    client.close();
    await call.goneWithin(1000);
    provider.script = good;
  });

  test("shows a new certificate after a reload", async () => {
    fs.copyFileSync(made.file("renewed.pem"), made.file("active.pem"));
    fs.copyFileSync(made.file("renewed.key"), made.file("active.key"));
    sluice.process.signal("SIGHUP");
    await eventually(async () => {
      const client = await sluice.connect();
      const name = client.socket.getPeerCertificate().subject.CN;
      client.close();
      return name === "renewed";
    }, "the new certificate is shown");
  });
});

describe("a provider", () => {
  test("whose connection is opened again is resumed", async () => {
    const closing = await world.provider(
      async (call) => {
        await call.send(answers.stream(stream(), { connection: "close" }));
        call.end();
      },
      { secure: identity("server") },
    );
    const server = await world.sluice({
      account: [account(closing, "main", { ca_file: made.file("ca.pem") })],
    });
    for (let i = 0; i < 3; i += 1) assert.equal((await server.messages(messageRequest())).text, stream());
    assert.equal(closing.connections.length, 3);
    assert.ok(closing.connections.some(({ reused }) => reused));
  });

  test("is judged by each account's own authorities, and what one trusts no other is lent", async () => {
    const server = await world.sluice({
      account: [
        account(provider, "trusting", { ca_file: made.file("ca.pem"), models: ["trusted"] }),
        account(provider, "doubting", { ca_file: made.file("other-ca.pem"), models: ["doubted"] }),
      ],
      relay: { max_attempts: 1 },
    });
    for (const [model, status] of [["trusted", 200], ["doubted", 502], ["trusted", 200]]) {
      assert.equal((await server.messages(messageRequest({ model }))).status, status, model);
    }
  });

  const strangers = {
    "of an unknown authority": { identity: "server", ca_file: "other-ca.pem" },
    "that is known to nobody, by the system's authorities": { identity: "server" },
    "of another name": { identity: "stranger", ca_file: "ca.pem" },
  };
  for (const [what, { identity: name, ca_file }] of Object.entries(strangers)) {
    test(`${what} is not trusted, and gets no credential`, async () => {
      const stranger = await world.provider(good, { secure: identity(name) });
      const server = await world.sluice({
        account: [account(stranger, "main", ca_file ? { ca_file: made.file(ca_file) } : {})],
        relay: { max_attempts: 1 },
      });
      const answer = await request(server.port, messagesRequest(messageRequest()));
      assert.equal(answer.status, 502);
      assert.equal(answer.head.get("x-sluice-error"), "upstream_unreachable");
      assert.equal(stranger.receivedBytes, 0);
    });
  }

  test("that closes without saying so within an answer was cut", async () => {
    const cutting = await world.provider(
      async (call) => {
        await call.send(
          Buffer.concat([
            answers.head(200, { "content-type": "application/json", connection: "close" }),
            Buffer.from('{"type":"message"}'),
          ]),
        );
        call.reset();
      },
      { secure: identity("server") },
    );
    const server = await world.sluice({
      account: [account(cutting, "main", { ca_file: made.file("ca.pem") })],
      relay: { max_attempts: 1 },
    });
    const client = await server.connect();
    const answer = client.answer();
    client.send(requestBytes(messagesRequest(messageRequest({ stream: false }))));
    const status = await answer.head.then(
      (head) => head.status,
      () => "cut",
    );
    if (status === 200) assert.equal((await answer.end).complete, false);
    else assert.ok(status === 502 || status === "cut", `${status}`);
    client.close();
  });
});
