/// Ambiguous requests are refused and leave no trace at the provider; clean ones arrive as exactly one request each.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { message } from "../lib/anthropic.js";
import { RawClient } from "../lib/raw_client.js";
import { answers } from "../lib/scripted_provider.js";
import { sharedLines } from "../lib/shared.js";
import { account, clientSecret } from "../lib/sluice.js";
import { patience, within } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
let provider, sluice;

before(async () => {
  provider = await world.provider((call) => call.send(answers.json(200, message())));
  sluice = await world.sluice({
    account: [account(provider)],
    server: { header_timeout_ms: 1500, body_idle_timeout_ms: 1500 },
  });
});

/// Sends the bytes and reads until the server closes, or until `count` answers are whole.
async function exchange(bytes, count, { leave = false } = {}) {
  const client = await RawClient.connect(sluice.port);
  const answersRead = Array.from({ length: count }, () => client.answer());
  client.send(bytes);
  if (leave) client.halfClose();
  const statuses = [];
  try {
    for (const answer of answersRead) {
      const { complete } = await within(5000 * patience, answer.end, "end of the answer");
      if (complete) statuses.push(answer.reader.head.status);
    }
    return { statuses, client };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function isRefused(bytes, { status, silentCloseIsFine = false } = {}) {
  const before = provider.receivedBytes;
  const { statuses, client } = await exchange(bytes, 1);
  if (statuses.length || !silentCloseIsFine) {
    assert.equal(statuses.length, 1, "one answer");
    assert.ok(statuses[0] >= 400 && statuses[0] < 600, `refused, not ${statuses[0]}`);
    if (status) assert.equal(statuses[0], status);
  }
  await client.closed;
  client.close();
  assert.equal(provider.receivedBytes - before, 0, "not one byte reaches the provider");
}

async function isForwarded(bytes, count) {
  const before = provider.calls.length;
  const { statuses, client } = await exchange(bytes, count);
  client.close();
  assert.deepEqual(statuses, Array(count).fill(200));
  assert.equal(provider.calls.length - before, count, "as many requests at the provider");
  assert.deepEqual(provider.malformed, []);
  return provider.calls.slice(before);
}

const credentials = `x-api-key: ${clientSecret}\r\nanthropic-version: 2023-06-01\r\n`;
const plain = `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n${credentials}`;
const body = '{"model":"m"}';

describe("own cases", () => {
  const refused = {
    "two lengths": `${plain}Content-Length: 13\r\nContent-Length: 13\r\n\r\n${body}`,
    "length and chunks": `${plain}Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n${body}\r\n0\r\n\r\n`,
    "an encoding that is not chunked": `${plain}Transfer-Encoding: gzip, chunked\r\n\r\nd\r\n${body}\r\n0\r\n\r\n`,
    "a blank before the colon": `${plain}Content-Length : 13\r\n\r\n${body}`,
    "a bare LF as the end of a line": `${plain}Content-Length: 13\nX: y\r\n\r\n${body}`,
    "a folded line": `${plain}X: a\r\n b\r\nContent-Length: 13\r\n\r\n${body}`,
    "a NUL in a value": `${plain}X: a\0b\r\nContent-Length: 13\r\n\r\n${body}`,
    "a signed length": `${plain}Content-Length: +13\r\n\r\n${body}`,
    "a chunk size with a sign": `${plain}Transfer-Encoding: chunked\r\n\r\n+d\r\n${body}\r\n0\r\n\r\n`,
    "a chunk that is longer than it says": `${plain}Transfer-Encoding: chunked\r\n\r\nc\r\n${body}\r\n0\r\n\r\n`,
    "a framing field behind the chunks": `${plain}Transfer-Encoding: chunked\r\n\r\nd\r\n${body}\r\n0\r\nContent-Length: 5\r\n\r\n`,
    "two hosts": `${plain}Host: evil.example\r\nContent-Length: 13\r\n\r\n${body}`,
    "no host": `POST /v1/messages HTTP/1.1\r\n${credentials}Content-Length: 13\r\n\r\n${body}`,
    "chunks in HTTP/1.0": `${plain.replace("HTTP/1.1", "HTTP/1.0")}Transfer-Encoding: chunked\r\n\r\nd\r\n${body}\r\n0\r\n\r\n`,
    "a path with two dots": `${plain.replace("/v1/messages", "/v1/../v1/messages")}Content-Length: 13\r\n\r\n${body}`,
    "a path with an encoded slash": `${plain.replace("/v1/messages", "/v1%2fmessages")}Content-Length: 13\r\n\r\n${body}`,
    "a path with a double slash": `${plain.replace("/v1/messages", "//v1/messages")}Content-Length: 13\r\n\r\n${body}`,
    "an unknown version": `${plain.replace("HTTP/1.1", "HTTP/1.2x")}Content-Length: 13\r\n\r\n${body}`,
  };
  for (const [name, bytes] of Object.entries(refused))
    test(`refused: ${name}`, () => isRefused(Buffer.from(bytes, "latin1")));

  test("forwarded: a length", () => isForwarded(`${plain}Content-Length: 13\r\n\r\n${body}`, 1));
  test("forwarded: chunks, as one sized body or chunks of ours", async () => {
    const [call] = await isForwarded(
      `${plain}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nc\r\n"model":"m"}\r\n0\r\n\r\n`,
      1,
    );
    assert.equal(call.body.toString(), body);
  });
  test("forwarded: two requests in one write, answered in order", () =>
    isForwarded(`${plain}Content-Length: 13\r\n\r\n${body}`.repeat(2), 2));
  test("the body of a GET is no request of its own at the provider", async () => {
    const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    const before = provider.calls.length;
    const { client } = await exchange(
      `GET /v1/models HTTP/1.1\r\nHost: x\r\n${credentials}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      1,
    );
    client.close();
    await isForwarded(`${plain}Content-Length: 13\r\n\r\n${body}`, 1);
    for (const call of provider.calls.slice(before)) assert.notEqual(call.head.target, "/hidden");
  });
  test("a request behind a refused one is never read", () =>
    isRefused(
      Buffer.from(
        `${plain}Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${plain}Content-Length: 13\r\n\r\n${body}`,
        "latin1",
      ),
    ));
});

describe("recorded cases", () => {
  /// The recorded requests go to another path and carry no credential of ours.
  function prepare(id, recorded) {
    let raw = recorded.toString("latin1");
    if (["h2-preface", "tls-hello-on-plain", "only-crlf"].includes(id)) return recorded;
    if (id === "hdr-two-authorization") raw = raw.replace("Bearer a", `Bearer ${clientSecret}`);
    if (id === "hop-by-hop-authorization") raw = raw.replace("Bearer x", `Bearer ${clientSecret}`);
    raw = raw.replaceAll("/v1/chat/completions", "/v1/messages");
    if (!/\r\nauthorization:/i.test(raw)) {
      // Behind every clean request line; where it is the line that is odd, behind the first line.
      const added = raw.replaceAll(
        /((?:POST|GET) \/v1\/(?:messages|models) HTTP\/1\.[01]\r\n)/g,
        `$1${credentials}`,
      );
      raw = added !== raw ? added : raw.replace(/^([^\r\n]+\r\n)/, `$1${credentials}`);
    }
    return Buffer.from(raw, "latin1");
  }

  const seen = new Set();
  for (const { id, raw_b64, expect, note } of sharedLines("suites/http1-smuggling/requests.jsonl")) {
    let name = id;
    while (seen.has(name)) name += "'";
    seen.add(name);
    const raw = prepare(id, Buffer.from(raw_b64, "base64"));
    test(`${name}: ${expect}${note ? ` (${note})` : ""}`, async () => {
      switch (expect) {
        case "forward":
        case "forward-without-upgrade": {
          const count = raw.toString("latin1").split("POST /").length - 1;
          const calls = await isForwarded(raw, count);
          for (const call of calls) {
            assert.equal(call.json.model, "m");
            for (const name of ["upgrade", "http2-settings"]) assert.ok(!call.head.has(name), `no ${name}`);
          }
          return;
        }
        case "reject":
        case "reject-or-404":
          return isRefused(raw);
        case "reject-413-or-wait":
          return isRefused(raw, { status: 413 });
        case "reject-431":
          return isRefused(raw, { status: 431 });
        case "reject-417":
          return isRefused(raw, { status: 417 });
        case "reject-or-close":
          return isRefused(raw, { silentCloseIsFine: true });
        case "either": {
          const before = provider.calls.length;
          const { statuses, client } = await exchange(raw, 1);
          client.close();
          assert.equal(statuses.length, 1);
          const forwarded = provider.calls.slice(before);
          assert.ok(forwarded.length <= 1, "at most one request at the provider");
          for (const call of forwarded) {
            assert.ok(!call.head.target.includes("SMUGGLED"));
            assert.ok(!call.head.has("x-t"), "no trailer becomes a field");
          }
          assert.deepEqual(provider.malformed, []);
          return;
        }
        case "no-forward-of-a-complete-request": {
          const before = provider.calls.length;
          const { client } = await exchange(raw, 1, { leave: true });
          client.close();
          assert.equal(provider.calls.length, before);
          return;
        }
        default:
          assert.fail(`unknown expectation ${expect}`);
      }
    });
  }
});
