/// A stream reaches the client byte for byte, however it was cut on its way; and its usage is counted.

import assert from "node:assert/strict";
import fs from "node:fs";
import { before, describe, test } from "node:test";
import zlib from "node:zlib";

import { delta, message, messageRequest, stream, streamEvents } from "../lib/anthropic.js";
import { randomFrom, randomPieces, seed } from "../lib/random.js";
import { requestBytes } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { shared } from "../lib/shared.js";
import { account, messagesRequest } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
let provider, sluice;

before(async () => {
  provider = await world.provider();
  sluice = await world.sluice({ account: [account(provider)], relay: { keepalive_ms: 0 } });
});

const chunked = (pieces) => [answers.streamHead(), ...pieces.map(answers.chunk), answers.lastChunk];

async function isRelayed(expected, pieces, { model = "claude-test", headers = {} } = {}) {
  provider.script = (call) => call.sendPieces(pieces);
  const answer = await sluice.messages(messageRequest({ model }), { headers });
  assert.equal(answer.status, 200);
  assert.ok(answer.complete);
  assert.ok(
    answer.bytes.equals(expected),
    `the same ${expected.length} bytes, not ${answer.bytes.length}; seed ${seed}`,
  );
  return answer;
}

const whole = Buffer.from(stream());

describe("a stream is the same bytes", () => {
  test("in one piece", () => isRelayed(whole, [Buffer.concat(chunked([whole]))]));
  test("with its length told", () =>
    isRelayed(whole, [
      answers.head(200, { "content-type": "text/event-stream", "content-length": whole.length }),
      whole,
    ]));
  test("up to the end of the connection", async () => {
    provider.script = async (call) => {
      await call.sendPieces([
        answers.head(200, { "content-type": "text/event-stream", connection: "close" }),
        whole,
      ]);
      call.end();
    };
    const answer = await sluice.messages(messageRequest());
    assert.ok(answer.bytes.equals(whole));
    assert.ok(answer.complete);
  });
  test("in chunks of one byte", () =>
    isRelayed(whole, [Buffer.concat(chunked([...whole].map((byte) => Buffer.from([byte]))))]));
  test("in writes of one byte, framing included", () =>
    isRelayed(
      whole,
      [...Buffer.concat(chunked([whole]))].map((byte) => Buffer.from([byte])),
    ));
  test("in random pieces of random chunks", async () => {
    const random = randomFrom(seed);
    for (let round = 0; round < 20; round += 1) {
      const wire = Buffer.concat(chunked(randomPieces(whole, 200, random)));
      await isRelayed(whole, randomPieces(wire, 300, random));
    }
  });
  test("cut inside of characters, each byte read by the client before the next is sent", async () => {
    const events = streamEvents();
    const text = Buffer.from(delta("\u00e9\u20ac\u{1f600}"));
    let taken;
    provider.script = async (call) => {
      await call.send(answers.streamHead());
      await call.send(answers.chunk(events.preamble + events.content));
      let sent = Buffer.byteLength(events.preamble + events.content);
      await taken(sent);
      for (const byte of text) {
        await call.send(answers.chunk([byte]));
        sent += 1;
      }
      await taken(sent - text.length);
      await call.send(Buffer.concat([answers.chunk(events.ending), answers.lastChunk]));
    };
    const client = await sluice.connect();
    const answer = client.answer();
    taken = (count) => answer.body((so) => so.reader.bodyBytes >= count);
    client.send(requestBytes(messagesRequest(messageRequest())));
    await answer.end;
    client.close();
    assert.equal(answer.text, events.preamble + events.content + text + events.ending);
  });
  test("with CRLF, CR, comments, unknown events and blanks of all kinds", async () => {
    const odd = Buffer.from(
      "\u{feff}: hello\r\n\r\n" +
        stream().replaceAll("\n", "\r\n") +
        "event: novelty\rdata: {}\r\rid: 1\nretry: 5\n\n" +
        'event:ping\ndata:{"type": "ping"   }\n\n\n\n',
    );
    await isRelayed(odd, randomPieces(Buffer.concat(chunked([odd])), 50, randomFrom(seed)));
  });
  test("with a line of 10 MB", async () => {
    const { preamble, content, ending } = streamEvents();
    const long = Buffer.from(preamble + content + delta("x".repeat(10_000_000)) + ending);
    await isRelayed(long, [Buffer.concat(chunked(randomPieces(long, 65536, randomFrom(seed))))]);
  });
  test("with events that nobody can parse", async () => {
    const { preamble, content, ending } = streamEvents();
    const bytes = Buffer.from(
      preamble + content + "event: content_block_delta\ndata: {not json\n\ndata: [DONE]\n\n" + ending,
    );
    await isRelayed(bytes, chunked([bytes]));
  });
  for (const [encoding, compress] of [
    ["gzip", zlib.gzipSync],
    ["br", zlib.brotliCompressSync],
    ["deflate", zlib.deflateSync],
    ["zstd", zlib.zstdCompressSync],
  ]) {
    test(`compressed with ${encoding}, and counted all the same`, async () => {
      const model = `claude-${encoding}`;
      const bytes = compress(Buffer.from(stream({ model, input: 101, output: 57 })));
      provider.script = (call) =>
        call.sendPieces([
          answers.streamHead({ "content-encoding": encoding }),
          ...randomPieces(bytes, 40, randomFrom(seed)).map(answers.chunk),
          answers.lastChunk,
        ]);
      const answer = await sluice.messages(messageRequest({ model }), {
        headers: { "accept-encoding": encoding },
      });
      assert.equal(answer.head.get("content-encoding"), encoding);
      assert.ok(answer.bytes.equals(bytes));
      const metrics = await sluice.metrics();
      assert.equal(metrics.sum("sluice_tokens_total", { kind: "input", model }), 101);
      assert.equal(metrics.sum("sluice_tokens_total", { kind: "output", model }), 57);
    });
  }
  test("asks the provider for no compression unless the client did", async () => {
    await isRelayed(whole, chunked([whole]));
    assert.equal(provider.last.head.get("accept-encoding") ?? "identity", "identity");
  });
});

describe("a whole answer is the same bytes", () => {
  const body = Buffer.from(JSON.stringify(message({ text: "\u00e9\u20ac\u{1f600} \\u0000" }), null, 1));
  const relayed = async (pieces) => {
    provider.script = (call) => call.sendPieces(pieces);
    const answer = await sluice.messages(messageRequest({ stream: false }));
    assert.equal(answer.status, 200);
    assert.ok(answer.complete);
    assert.ok(answer.bytes.equals(body));
  };
  test("in one piece", () => relayed([answers.json(200, body)]));
  test("in writes of one byte", () =>
    relayed([...answers.json(200, body)].map((byte) => Buffer.from([byte]))));
  test("in chunks", () =>
    relayed([
      answers.head(200, { "content-type": "application/json", "transfer-encoding": "chunked" }),
      ...randomPieces(body, 30, randomFrom(seed)).map(answers.chunk),
      answers.lastChunk,
    ]));
  test("of 12 MB, whose usage stands at the end", async () => {
    const { usage, ...rest } = message({
      model: "claude-large",
      text: "y".repeat(12_000_000),
      input: 5,
      output: 9,
    });
    const large = Buffer.from(JSON.stringify({ ...rest, usage }));
    provider.script = (call) => call.send(answers.json(200, large));
    const answer = await sluice.messages(messageRequest({ model: "claude-large", stream: false }));
    assert.ok(answer.bytes.equals(large));
    assert.equal(
      (await sluice.metrics()).sum("sluice_tokens_total", { kind: "output", model: "claude-large" }),
      9,
    );
  });
  test("when the provider streams without being asked, or answers whole though asked to stream", async () => {
    provider.script = (call) => call.sendPieces(chunked([whole]));
    const streamed = await sluice.messages(messageRequest({ stream: false }));
    assert.ok(streamed.bytes.equals(whole));
    provider.script = (call) => call.send(answers.json(200, body));
    const answered = await sluice.messages(messageRequest({ stream: true }));
    assert.ok(answered.bytes.equals(body));
  });
});

describe("the request reaches the provider as it was", () => {
  test("byte for byte, with members nobody knows", async () => {
    provider.script = (call) => call.send(answers.json(200, message()));
    const odd =
      '{ "model" :"claude-test",\n"max_tokens":1, "novelty":[1.50, 1e0, "\\u00e9\u20ac"], "messages":[]  }';
    const answer = await sluice.messages(odd);
    assert.equal(answer.status, 200);
    assert.equal(provider.last.body.toString(), odd);
  });
  test("of 8 MB, sent in pieces", async () => {
    provider.script = (call) => call.send(answers.json(200, message()));
    const large = Buffer.from(JSON.stringify(messageRequest({ stream: false, text: "z".repeat(8_000_000) })));
    const answer = await sluice.messages(large);
    assert.equal(answer.status, 200);
    assert.ok(provider.last.body.equals(large));
  });
  test("with its query and its headers of the API", async () => {
    provider.script = (call) => call.send(answers.json(200, message()));
    await sluice.messages(messageRequest({ stream: false }), {
      path: "/v1/messages?beta=true&x=%2f",
      headers: { "anthropic-beta": "a-1,b-2", "user-agent": "own/1.0", "x-stainless-lang": "js" },
    });
    const { head } = provider.last;
    assert.equal(head.target, "/v1/messages?beta=true&x=%2f");
    assert.equal(head.get("anthropic-beta"), "a-1,b-2");
    assert.equal(head.get("anthropic-version"), "2023-06-01");
    assert.equal(head.get("user-agent"), "own/1.0");
    assert.equal(head.get("host"), `127.0.0.1:${provider.port}`);
  });
});

describe("usage", () => {
  test("of a stream is counted once, by the last figures told", async () => {
    const model = "claude-counted";
    const bytes = Buffer.from(stream({ model, input: 1234, output: 321 }));
    await isRelayed(bytes, chunked([bytes]), { model });
    const metrics = await sluice.metrics();
    assert.equal(metrics.sum("sluice_tokens_total", { kind: "input", model }), 1234);
    assert.equal(metrics.sum("sluice_tokens_total", { kind: "output", model }), 321);
  });
  test("and the number of running streams goes back to none", () =>
    eventually(
      async () => (await sluice.metrics()).sum("sluice_streams_active") === 0,
      "no stream is active",
    ));
});

describe("recorded streams", () => {
  const folder = shared("golden/anthropic");
  for (const file of folder ? fs.readdirSync(folder).filter((name) => name.endsWith(".sse")) : []) {
    test(file, async () => {
      const bytes = fs.readFileSync(`${folder}/${file}`);
      const random = randomFrom(seed);
      await isRelayed(
        bytes,
        randomPieces(Buffer.concat(chunked(randomPieces(bytes, 3000, random))), 2000, random),
      );
    });
  }
});
