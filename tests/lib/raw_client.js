/// A client that sends the bytes it is told to, and reads answers strictly.
///
///     const client = await RawClient.connect(port);
///     client.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
///     const answer = client.answer();      // the next one on this connection
///     await answer.head;                   // as soon as it is there
///     await answer.body(/content_block/);  // until the body so far matches
///     await answer.end;                    // {complete, closed}

import net from "node:net";
import tls from "node:tls";

import { MessageReader } from "./http_reader.js";
import { deferred, patience, within } from "./waiting.js";

const waitMax = 10000 * patience;

class Answer {
  constructor(options) {
    this.reader = new MessageReader("response", options);
    this.headHere = deferred();
    this.ended = deferred();
    for (const { promise } of [this.headHere, this.ended]) promise.catch(() => {});
    this.watchers = new Set();
    this.reading = true;
  }

  get head() {
    return within(waitMax, this.headHere.promise, "response head");
  }

  /// {complete: the framing says so, closed: "no", "end" or an error's code}
  get end() {
    return within(
      waitMax,
      this.ended.promise,
      () => `end of the response, after ${this.reader.bodyBytes} bytes of body`,
    );
  }

  get bytes() {
    return this.reader.body;
  }

  get text() {
    return this.reader.body.toString("utf8");
  }

  /// Resolves when `question` (a pattern or a function of this answer) is met; rejects when the answer ends without.
  body(question) {
    const met = () => (question instanceof RegExp ? question.test(this.text) : question(this));
    const wanted = deferred();
    wanted.promise.catch(() => {});
    const look = () => {
      if (met()) wanted.resolve();
      else if (!this.reading)
        wanted.reject(new Error(`the answer ended without ${question}: ${this.text.slice(-400)}`));
      else return;
      this.watchers.delete(look);
    };
    this.watchers.add(look);
    look();
    return within(waitMax, wanted.promise, () => `${question} in ${JSON.stringify(this.text.slice(-400))}`);
  }

  feed(bytes) {
    const behind = this.reader.feed(bytes);
    if (this.reader.head) this.headHere.resolve(this.reader.head);
    if (this.reader.complete) this.finish("no");
    for (const look of [...this.watchers]) look();
    return behind;
  }

  finish(closed, error) {
    if (!this.reading) return;
    this.reading = false;
    if (closed === "end") this.reader.end();
    this.headHere.reject(error ?? new Error(`no response head; connection: ${closed}`));
    if (error) this.ended.reject(error);
    else this.ended.resolve({ complete: this.reader.complete, closed });
    for (const look of [...this.watchers]) look();
  }
}

export class RawClient {
  static async connect(port, { host = "127.0.0.1", secure = null, half = true } = {}) {
    const client = new RawClient();
    const connected = deferred();
    const options = { port, host, allowHalfOpen: half };
    const socket = secure ? tls.connect({ ...options, ...secure }) : net.connect(options);
    client.socket = socket;
    socket.setNoDelay(true);
    socket.once(secure ? "secureConnect" : "connect", connected.resolve);
    socket.once("error", connected.reject);
    socket.on("data", (bytes) => client.feed(bytes));
    socket.on("end", () => client.finish("end"));
    socket.on("error", (error) => client.finish(error.code));
    socket.on("close", () => client.finish("end"));
    await within(waitMax, connected.promise, "connection");
    return client;
  }

  constructor() {
    this.answers = []; // asked for and unfinished
    this.early = []; // bytes nobody has asked for yet
    this.received = 0;
    this.over = null;
    this.overHere = deferred();
  }

  /// Resolves with "end" or the error's code when the server has closed.
  get closed() {
    return within(waitMax, this.overHere.promise, "close by the server");
  }

  send(bytes) {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes);
    return this;
  }

  answer(options = {}) {
    const answer = new Answer(options);
    this.answers.push(answer);
    const early = Buffer.concat(this.early);
    this.early = [];
    if (early.length) this.feed(early, true);
    if (this.over !== null) answer.finish(this.over);
    return answer;
  }

  feed(bytes, again = false) {
    if (!again) this.received += bytes.length;
    while (bytes.length) {
      const answer = this.answers[0];
      if (!answer) {
        this.early.push(bytes);
        return;
      }
      try {
        bytes = answer.feed(bytes);
      } catch (error) {
        answer.finish("malformed", error);
        this.answers.shift();
        return;
      }
      if (!answer.reader.complete) return;
      this.answers.shift();
    }
  }

  finish(how) {
    if (this.over !== null) return;
    this.over = how;
    this.overHere.resolve(how);
    for (const answer of this.answers.splice(0)) answer.finish(how);
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  /// Says that nothing more will be sent.
  halfClose() {
    this.socket.end();
  }

  close() {
    this.socket.destroy();
  }

  reset() {
    this.socket.resetAndDestroy();
  }
}

/// The bytes of a request. `headers` is an object or a list of pairs; Host and Content-Length are added unless given.
export function requestBytes({
  method = "POST",
  path = "/v1/messages",
  version = "1.1",
  headers = {},
  body,
} = {}) {
  const fields = Array.isArray(headers)
    ? [...headers]
    : Object.entries(headers).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((v) => [name, v]),
      );
  const has = (name) => fields.some(([n]) => n.toLowerCase() === name);
  const content =
    body === undefined
      ? Buffer.alloc(0)
      : Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  if (!has("host")) fields.unshift(["host", "127.0.0.1"]);
  if (body !== undefined && !has("content-length") && !has("transfer-encoding"))
    fields.push(["content-length", content.length]);
  const head = `${method} ${path} HTTP/${version}\r\n${fields.map(([n, v]) => `${n}: ${v}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), content]);
}

/// One request on a connection of its own, read to its end.
export async function request(port, options = {}) {
  const client = await RawClient.connect(port, options);
  try {
    client.send(requestBytes(options));
    const answer = client.answer({ bodiless: options.method === "HEAD" });
    const head = await answer.head;
    const end = await answer.end;
    return {
      status: head.status,
      head,
      bytes: answer.bytes,
      text: answer.text,
      json: () => JSON.parse(answer.text),
      ...end,
    };
  } finally {
    client.close();
  }
}
