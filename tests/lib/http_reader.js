/// Reads HTTP/1.1 messages strictly and independently of the program under test: what it does not accept is malformed.
///
///     const reader = new MessageReader("response");
///     reader.feed(bytes);        // returns what lies behind the message, once it is complete
///     reader.head, reader.body, reader.complete
///
/// Throws MalformedMessage.

export class MalformedMessage extends Error {}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

export class Head {
  constructor(startLine, fields) {
    this.startLine = startLine;
    this.fields = fields; // [name, value] in the order and spelling of the wire
  }

  all(name) {
    return this.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  }

  /// The only value of `name`; undefined without one.
  get(name) {
    const values = this.all(name);
    if (values.length > 1) throw new MalformedMessage(`${name} stands ${values.length} times`);
    return values[0];
  }

  has(name) {
    return this.all(name).length > 0;
  }

  get names() {
    return this.fields.map(([name]) => name.toLowerCase());
  }
}

function parseHead(text, kind) {
  const lines = text.split("\r\n");
  const startLine = lines.shift();
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (colon < 1 || !token.test(name)) throw new MalformedMessage(`field line ${JSON.stringify(line)}`);
    if (!fieldValue.test(value)) throw new MalformedMessage(`value of ${name}: ${JSON.stringify(value)}`);
    return [name, value];
  });
  const head = new Head(startLine, fields);
  if (kind === "request") {
    const found = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.([01])$/.exec(startLine);
    if (!found) throw new MalformedMessage(`request line ${JSON.stringify(startLine)}`);
    [, head.method, head.target] = found;
    head.minor = Number(found[3]);
    if (head.all("host").length !== 1) throw new MalformedMessage("not exactly one Host");
  } else {
    const found = /^HTTP\/1\.([01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(startLine);
    if (!found) throw new MalformedMessage(`status line ${JSON.stringify(startLine)}`);
    head.minor = Number(found[1]);
    head.status = Number(found[2]);
  }
  return head;
}

export class MessageReader {
  /// `kind` is "request" or "response"; `bodiless` for the answer to HEAD.
  constructor(kind, { bodiless = false } = {}) {
    this.kind = kind;
    this.bodiless = bodiless;
    this.head = null;
    this.interim = []; // heads of 1xx responses
    this.pieces = [];
    this.bodyBytes = 0;
    this.chunks = []; // sizes, as they were framed
    this.complete = false;
    this.endsWithConnection = false;
    this.rest = Buffer.alloc(0);
    this.step = this.readHead;
  }

  get body() {
    if (this.pieces.length > 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0] ?? Buffer.alloc(0);
  }

  /// What came so far of something unfinished?
  get started() {
    return this.head !== null || this.rest.length > 0;
  }

  feed(bytes) {
    this.rest = this.rest.length ? Buffer.concat([this.rest, bytes]) : bytes;
    while (!this.complete && this.step.call(this));
    if (!this.complete) return Buffer.alloc(0);
    const behind = this.rest;
    this.rest = Buffer.alloc(0);
    return behind;
  }

  /// The connection ended cleanly.
  end() {
    if (this.endsWithConnection) this.complete = true;
  }

  readHead() {
    const end = this.rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = parseHead(this.rest.toString("latin1", 0, end), this.kind);
    this.rest = this.rest.subarray(end + 4);
    if (head.status >= 100 && head.status < 200) {
      this.interim.push(head);
      return true;
    }
    this.head = head;
    this.chooseFraming();
    return true;
  }

  chooseFraming() {
    const encodings = this.head.all("transfer-encoding");
    const lengths = this.head.all("content-length");
    if (encodings.length && lengths.length) throw new MalformedMessage("two framings");
    if (encodings.length && (encodings.length > 1 || encodings[0] !== "chunked")) {
      throw new MalformedMessage(`transfer-encoding ${encodings}`);
    }
    if (lengths.length > 1 || (lengths.length && !/^\d{1,15}$/.test(lengths[0]))) {
      throw new MalformedMessage(`content-length ${lengths}`);
    }
    const status = this.head.status;
    if (this.bodiless || status === 204 || status === 304) this.complete = true;
    else if (encodings.length) this.step = this.readChunkSize;
    else if (lengths.length) {
      this.left = Number(lengths[0]);
      this.step = this.readSized;
    } else if (this.kind === "request") this.complete = true;
    else {
      this.endsWithConnection = true;
      this.step = this.readUntilEnd;
    }
  }

  take(count) {
    if (count === 0) return;
    this.pieces.push(this.rest.subarray(0, count));
    this.bodyBytes += count;
    this.rest = this.rest.subarray(count);
  }

  readSized() {
    const count = Math.min(this.left, this.rest.length);
    this.take(count);
    this.left -= count;
    this.complete = this.left === 0;
    return false;
  }

  readUntilEnd() {
    this.take(this.rest.length);
    return false;
  }

  line() {
    const end = this.rest.indexOf("\r\n");
    if (end < 0) return undefined;
    const text = this.rest.toString("latin1", 0, end);
    this.rest = this.rest.subarray(end + 2);
    return text;
  }

  readChunkSize() {
    const line = this.line();
    if (line === undefined) return false;
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new MalformedMessage(`chunk size ${JSON.stringify(line)}`);
    this.left = parseInt(line, 16);
    this.chunks.push(this.left);
    this.step = this.left === 0 ? this.readTrailer : this.readChunk;
    return true;
  }

  readChunk() {
    const count = Math.min(this.left, this.rest.length);
    this.take(count);
    this.left -= count;
    if (this.left > 0 || this.rest.length < 2) return false;
    if (this.rest.toString("latin1", 0, 2) !== "\r\n") throw new MalformedMessage("chunk without its CRLF");
    this.rest = this.rest.subarray(2);
    this.step = this.readChunkSize;
    return true;
  }

  readTrailer() {
    const line = this.line();
    if (line === undefined) return false;
    if (line !== "") throw new MalformedMessage(`trailer ${JSON.stringify(line)}`);
    this.complete = true;
    return false;
  }
}
