/// Where webhooks are posted to.
///
///     const receiver = await Receiver.start();
///     receiver.answers = [500, 503];      // then 200
///     receiver.posts                      // [{at, path, headers, text, status}]

import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";

import { eventually, patience } from "../lib/waiting.js";

export class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.posts = [];
    receiver.answers = [];
    receiver.http = http.createServer((request, response) => receiver.take(request, response));
    await new Promise((resolve) => receiver.http.listen(0, "127.0.0.1", resolve));
    receiver.url = `http://127.0.0.1:${receiver.http.address().port}`;
    return receiver;
  }

  async take(request, response) {
    let text = "";
    for await (const part of request) text += part;
    const status = this.answers.shift() ?? 200;
    this.posts.push({ at: Date.now(), path: request.url, headers: request.headers, text, status });
    response.writeHead(status, { "content-type": "application/json" }).end('{"code":0}');
  }

  /// The posts that were taken.
  get taken() {
    return this.posts.filter((post) => post.status === 200);
  }

  /// The first taken post whose document is as `wanted`.
  gets(wanted, ms = 10000) {
    const is = (post) => {
      const document = JSON.parse(post.text);
      return Object.entries(wanted).every(([name, value]) => document[name] === value);
    };
    return eventually(() => this.taken.find(is), `a post of ${JSON.stringify(wanted)}`, ms * patience);
  }

  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }
}

/// As docs/alerts.md tells receivers to do it.
export function assertSigned(post, secret) {
  const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(post.headers["x-sluice-signature"]);
  assert(Math.abs(Date.now() / 1000 - Number(time)) < 300, "the time of the signature is now");
  const expected = crypto.createHmac("sha256", secret).update(`${time}.${post.text}`).digest("hex");
  assert.equal(mac, expected);
}
