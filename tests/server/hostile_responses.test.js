/// A provider that answers nonsense, or worse, harms neither the client nor the relay.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import zlib from "node:zlib";

import { messageRequest, stream } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { sharedLines } from "../lib/shared.js";
import { account, messagesRequest, providerSecret } from "../lib/sluice.js";
import { requestBytes } from "../lib/raw_client.js";
import { delay, growthMax, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const own = [
  {
    id: "a sized answer",
    raw: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    expect: "relay-200",
  },
  {
    id: "an interim answer first",
    raw: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    expect: "relay-200",
  },
  { id: "nothing", raw: "", close: true, expect: "error-502-before-headers" },
  { id: "another protocol", raw: "SSH-2.0-OpenSSH_9.2\r\n", close: true, expect: "error-502-before-headers" },
  {
    id: "two framings",
    raw: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    close: true,
    expect: "error-502-before-headers",
  },
  {
    id: "a field smuggled behind a bare LF",
    raw: "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\n{}",
    close: true,
    expect: "error-502-before-headers",
  },
  {
    id: "a head that is cut",
    raw: "HTTP/1.1 200 OK\r\nContent-Ty",
    close: true,
    expect: "error-502-before-headers",
  },
  {
    id: "interim answers for ever",
    raw: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000),
    expect: "error-502-before-headers",
  },
  {
    id: "a body that is cut",
    raw: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}",
    close: true,
    expect: "abort-client",
  },
  {
    id: "chunks that are cut",
    raw: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n",
    close: true,
    expect: "abort-client",
  },
  {
    id: "a second answer",
    raw: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON",
    expect: "relay-200-and-drop-connection",
  },
  { id: "silence", raw: "", hold: true, expect: "error-504" },
  {
    id: "silence behind the head",
    raw: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
    hold: true,
    expect: "idle-timeout",
  },
  {
    id: "a redirect",
    raw: "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/steal\r\nContent-Length: 0\r\n\r\n",
    expect: "not-followed",
  },
  {
    id: "usage below zero",
    raw: answers.json(200, '{"usage":{"input_tokens":-5,"output_tokens":-1000000000000}}'),
    expect: "no-credit",
  },
  {
    id: "usage above all numbers",
    raw: answers.json(200, '{"usage":{"input_tokens":1e308,"output_tokens":99999999999999999999}}'),
    expect: "no-overflow",
  },
  {
    id: "a compressed answer of 10 MiB of blanks",
    raw: answers.json(200, zlib.gzipSync(Buffer.alloc(10 << 20, " ")), { "content-encoding": "gzip" }),
    expect: "bounded-memory",
  },
  {
    id: "an error that repeats the credential",
    raw: answers.error(401, "authentication_error", `invalid x-api-key: ${providerSecret}`),
    expect: "no-key-to-client",
  },
].map((one) => ({ ...one, raw: Buffer.from(one.raw) }));

const recorded = sharedLines("suites/http1-smuggling/hostile-responses.jsonl").map(
  ({ raw_b64, id, ...rest }) => ({ ...rest, id, raw: Buffer.from(raw_b64, "base64") }),
);
for (const one of recorded) {
  // The recording repeats a made-up key; ours has to stand there.
  if (one.id === "html-error-with-key") {
    const text = `<script>alert(1)</script> Incorrect API key provided: ${providerSecret}!`;
    one.raw = Buffer.from(
      `HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  }
  // These speak another dialect. A stream of it has another end; renaming the fields changes the length.
  if (one.id === "ok-sse") one.raw = answers.stream(stream());
  if (one.id.startsWith("usage-")) {
    const [, content] = one.raw.toString("latin1").split("\r\n\r\n");
    one.raw = answers.json(
      200,
      content.replace("prompt_tokens", "input_tokens").replace("completion_tokens", "output_tokens"),
    );
  }
}

const world = new World();
const cases = [
  ...own.map((one) => ({ ...one, group: "own" })),
  ...recorded.map((one) => ({ ...one, group: "recorded" })),
];
let sluice, memoryBefore;

before(async () => {
  for (const one of cases) {
    one.provider = await world.provider(async (call) => {
      if (one.byte_delay_ms) {
        for (const byte of one.raw) {
          if (!(await call.send(Buffer.from([byte])))) return;
          await delay(one.byte_delay_ms / 10);
        }
      } else {
        await call.send(one.raw);
      }
      if (one.then_repeat) await call.send(Buffer.from(one.then_repeat[0].repeat(one.then_repeat[1])));
      if (one.close) call.end();
    });
    // Odd answers of one provider shall not rest the account of another case.
    one.model = `model-${one.group}-${one.id.replaceAll(/[^a-zA-Z0-9]/g, "-")}`;
  }
  sluice = await world.sluice({
    account: cases.map((one) => account(one.provider, one.model, { models: [one.model] })),
    relay: {
      max_attempts: 1,
      first_byte_timeout_ms: 800 * patience,
      idle_timeout_ms: 800 * patience,
      total_timeout_ms: 8000 * patience,
      keepalive_ms: 0,
    },
  });
  memoryBefore = sluice.process.memory;
});

async function ask(one) {
  const client = await sluice.connect();
  const answer = client.answer();
  client.send(
    requestBytes(
      messagesRequest(
        messageRequest({ model: one.model, stream: /sse|stream|silence|chunk|cut/.test(one.id) }),
      ),
    ),
  );
  let head, end;
  try {
    head = await answer.head;
    end = await answer.end;
  } finally {
    client.close();
  }
  assert.ok(!answer.text.includes(providerSecret), "the credential stays here");
  for (const name of [
    "set-cookie",
    "clear-site-data",
    "strict-transport-security",
    "access-control-allow-credentials",
  ]) {
    assert.ok(!head.has(name), `no ${name}`);
  }
  return { head, status: head.status, text: answer.text, bytes: answer.bytes, ...end };
}

function isWhole(answer, status) {
  assert.equal(answer.status, status);
  assert.ok(answer.complete);
  assert.ok(!answer.head.has("x-sluice-error"));
}

function isOwnRefusal(answer, status, code) {
  assert.equal(answer.status, status);
  assert.equal(answer.head.get("x-sluice-error"), code);
  assert.ok(answer.complete);
  assert.equal(JSON.parse(answer.text).type, "error");
}

/// Nobody can take the answer for a complete one.
function isVisiblyBroken(answer) {
  if (answer.status !== 200) return isOwnRefusal(answer, 502, "upstream_invalid");
  assert.ok(!answer.complete, "the framing does not end");
  assert.ok(!answer.text.includes("message_stop"));
}

/// Every further request on the same account opens a connection of its own: the old one is not trusted any more.
async function connectionIsDropped(one) {
  const answer = await ask(one);
  isWhole(answer, 200);
  assert.ok(!answer.text.includes("POISON"));
  assert.equal(one.provider.connections.length, 2);
}

const checks = {
  "relay-200": async (one) => {
    const answer = await ask(one);
    isWhole(answer, 200);
    return answer;
  },
  "relay-204": async (one) => isWhole(await ask(one), 204),
  "relay-200-without-set-cookie": async (one) => isWhole(await ask(one), 200),
  "relay-200-without-them": async (one) => {
    const answer = await ask(one);
    isWhole(answer, 200);
    assert.ok(!answer.head.has("access-control-allow-origin"));
  },
  "relay-200-and-drop-connection": async (one) => {
    const answer = await ask(one);
    isWhole(answer, 200);
    assert.equal(answer.text, "{}");
    await connectionIsDropped(one);
  },
  "error-502-before-headers": async (one) => {
    const answer = await ask(one);
    isOwnRefusal(answer, 502, answer.head.get("x-sluice-error"));
    assert.match(answer.head.get("x-sluice-error"), /^upstream_(invalid|unreachable)$/);
  },
  "error-or-abort": async (one) => isVisiblyBroken(await ask(one)),
  "abort-client": async (one) => isVisiblyBroken(await ask(one)),
  "error-504": async (one) => isOwnRefusal(await ask(one), 504, "upstream_timeout"),
  "idle-timeout": async (one) => {
    const answer = await ask(one);
    if (answer.status === 200) {
      assert.ok(!answer.complete || /event: error/.test(answer.text));
      assert.ok(!answer.text.includes("message_stop"));
    } else {
      isOwnRefusal(answer, 504, "upstream_timeout");
    }
  },
  "bounded-memory": async (one) => {
    await ask(one);
    assert.ok(sluice.process.memory - memoryBefore < growthMax(64 << 20), "memory stays bounded");
  },
  "bounded-time": async (one) => {
    const began = performance.now();
    await ask(one);
    assert.ok(performance.now() - began < 9000 * patience);
  },
  "no-crash": async (one) => isWhole(await ask(one), 200),
  "no-credit": async (one) => {
    isWhole(await ask(one), 200);
    for (const { name, value } of (await sluice.metrics()).samples) {
      if (/tokens|cost/.test(name)) assert.ok(value >= 0, `${name} is ${value}`);
    }
  },
  "no-overflow": async (one) => {
    isWhole(await ask(one), 200);
    for (const { name, value } of (await sluice.metrics()).samples) {
      if (/tokens|cost/.test(name)) assert.ok(value >= 0 && value < 1e15, `${name} is ${value}`);
    }
  },
  "not-followed": async (one) => {
    const answer = await ask(one);
    assert.ok(answer.status === 502 || (answer.status >= 300 && answer.status < 400), `${answer.status}`);
    assert.equal(one.provider.calls.length, 1);
  },
  "no-key-to-client": async (one) => {
    const answer = await ask(one);
    assert.equal(answer.status, 401);
    assert.ok(!answer.text.includes(providerSecret));
    assert.ok(!sluice.log.includes(providerSecret), "nor does the log tell it");
  },
};

for (const group of ["own", "recorded"]) {
  describe(`${group} cases`, { concurrency: 8 }, () => {
    for (const one of cases.filter((other) => other.group === group)) {
      test(`${one.id}: ${one.expect}`, () => {
        assert.ok(checks[one.expect], `unknown expectation ${one.expect}`);
        return checks[one.expect](one);
      });
    }
  });
}

test("the server lives through all of it", async () => {
  assert.equal((await sluice.get("/ready")).status, 200);
});
