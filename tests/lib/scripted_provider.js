/// A provider that does exactly what a test says. It records every byte it gets.
///
///     const provider = await ScriptedProvider.start(async (call) => {
///       call.send(answers.json(200, {...}));
///     });
///     provider.calls            // complete requests, in the order of their arrival
///     provider.received         // raw bytes of all connections, together

import net from "node:net";
import tls from "node:tls";
import { setImmediate as turn } from "node:timers/promises";

import { MessageReader } from "./http_reader.js";
import { deferred, eventually, patience, within } from "./waiting.js";

/// One request that arrived, and the connection to answer it on.
class Call {
  constructor(connection, reader) {
    this.connection = connection;
    this.head = reader.head;
    this.body = reader.body;
  }

  get json() {
    return JSON.parse(this.body.toString("utf8"));
  }

  /// Resolves when the bytes have left for the kernel; false if the connection is gone.
  send(bytes) {
    const socket = this.connection.socket;
    if (socket.destroyed || this.connection.isOver) return Promise.resolve(false);
    return new Promise((resolve) => socket.write(bytes, (error) => resolve(!error)));
  }

  /// Sends each piece by itself. Whether the other side reads them apart is up to the kernel: it usually does.
  async sendPieces(pieces) {
    for (const piece of pieces) {
      if (!(await this.send(piece))) return false;
      await turn();
    }
    return true;
  }

  end() {
    this.connection.socket.end();
  }

  reset() {
    this.connection.rawSocket.resetAndDestroy();
  }

  /// Resolves when the other side has left: "end" (FIN) or the code of the error.
  get gone() {
    return this.connection.over.promise;
  }

  goneWithin(ms) {
    return within(ms * patience, this.gone, "departure of the relay");
  }
}

export class ScriptedProvider {
  /// `script(call)` answers a request; it may be replaced at any time as `provider.script`. With `secure`, TLS.
  /// `onConnection(socket, provider)`, if given, takes the raw connection instead.
  static async start(script, { secure = null, onConnection = null, port = 0 } = {}) {
    const provider = new ScriptedProvider();
    provider.script = script;
    provider.onConnection = onConnection;
    const take = (socket) => provider.take(socket);
    const options = { allowHalfOpen: true, noDelay: true };
    // Under TLS, a reset needs the socket below; connections of one provider are opened one by one where it matters.
    provider.server = secure
      ? tls.createServer({ ...options, ...secure }, take)
      : net.createServer(options, take);
    provider.server.on("connection", (raw) => (provider.lastRaw = raw));
    await new Promise((resolve, reject) => {
      provider.server.once("error", reject);
      provider.server.listen(port, "127.0.0.1", resolve);
    });
    provider.port = provider.server.address().port;
    provider.url = `${secure ? "https" : "http"}://127.0.0.1:${provider.port}`;
    return provider;
  }

  constructor() {
    this.calls = [];
    this.connections = [];
    this.malformed = [];
    this.pieces = [];
    this.receivedBytes = 0;
    this.arrivals = new Set();
  }

  get received() {
    return Buffer.concat(this.pieces);
  }

  take(socket) {
    const connection = {
      socket,
      rawSocket: socket.encrypted ? this.lastRaw : socket,
      over: deferred(),
      isOver: false,
      bytes: 0,
      reused: socket.isSessionReused?.() ?? false,
    };
    this.connections.push(connection);
    const finish = (how) => {
      connection.isOver = true;
      connection.over.resolve(how);
    };
    socket.on("end", () => finish("end"));
    socket.on("error", (error) => finish(error.code));
    socket.on("close", () => finish("close"));
    let reader = new MessageReader("request");
    socket.on("data", (bytes) => {
      this.pieces.push(bytes);
      this.receivedBytes += bytes.length;
      connection.bytes += bytes.length;
      if (this.onConnection) return;
      try {
        while (bytes.length) {
          bytes = reader.feed(bytes);
          if (!reader.complete) break;
          const call = new Call(connection, reader);
          reader = new MessageReader("request");
          this.calls.push(call);
          for (const arrival of [...this.arrivals]) arrival();
          Promise.resolve(this.script?.(call)).catch((error) => this.malformed.push(error));
        }
      } catch (error) {
        this.malformed.push(error);
        socket.destroy();
      }
    });
    this.onConnection?.(socket, this, connection);
  }

  get last() {
    return this.calls.at(-1);
  }

  /// The `count`-th request counted from now on.
  async next(count = 1, ms = 5000) {
    const wanted = this.calls.length + count;
    await eventually(() => this.calls.length >= wanted, `request ${count} at the provider`, ms * patience);
    return this.calls[wanted - 1];
  }

  get openConnections() {
    return this.connections.filter((connection) => !connection.isOver).length;
  }

  async stop() {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/// Bytes of answers.
export const answers = {
  head(status, fields) {
    return Buffer.from(
      `HTTP/1.1 ${status} x\r\n${Object.entries(fields)
        .flatMap(([n, v]) => [v].flat().map((one) => `${n}: ${one}\r\n`))
        .join("")}\r\n`,
      "latin1",
    );
  },

  json(status, body, fields = {}) {
    const content = Buffer.isBuffer(body)
      ? body
      : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    return Buffer.concat([
      answers.head(status, {
        "content-type": "application/json",
        "content-length": content.length,
        ...fields,
      }),
      content,
    ]);
  },

  streamHead(fields = {}) {
    return answers.head(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "transfer-encoding": "chunked",
      ...fields,
    });
  },

  chunk(bytes) {
    const content = Buffer.from(bytes);
    return Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from("\r\n")]);
  },

  lastChunk: Buffer.from("0\r\n\r\n"),

  stream(bytes, fields = {}) {
    return Buffer.concat([answers.streamHead(fields), answers.chunk(bytes), answers.lastChunk]);
  },

  error(status, type, message = "as the script says", fields = {}) {
    return answers.json(
      status,
      { type: "error", error: { type, message }, request_id: "req_scripted" },
      fields,
    );
  },
};
