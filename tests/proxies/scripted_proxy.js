/// A proxy that does what a test says: CONNECT or SOCKS5, plain or over TLS.
///
///     const proxy = await ScriptedProxy.start({ kind: "connect", secure: { cert, key } });
///     proxy.behaves = "hangs";     // or "leads" (at first), "closes", "refuses", "babbles"
///     proxy.tunnels                // [{host, port, near, far}], in the order of their opening
///     proxy.names = { "a.test": "127.0.0.1" }

import net from "node:net";
import tls from "node:tls";

const quiet = (socket) => socket.on("error", () => {});

export class ScriptedProxy {
  static async start({ kind = "connect", secure = null } = {}) {
    const proxy = new ScriptedProxy();
    proxy.kind = kind;
    proxy.secure = secure;
    proxy.server = secure
      ? tls.createServer({ ...secure, noDelay: true, allowHalfOpen: true }, (socket) => proxy.take(socket))
      : net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => proxy.take(socket));
    proxy.server.on("tlsClientError", () => {});
    proxy.server.on("connection", (socket) => proxy.raw.push(socket));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  constructor() {
    this.behaves = "leads";
    this.names = {};
    this.tunnels = [];
    this.asked = []; // the first bytes of each connection
    this.raw = [];
    this.sockets = []; // the same, within TLS where that is spoken
  }

  url({ scheme = this.kind === "connect" ? (this.secure ? "https" : "http") : "socks5h", credentials = "" } = {}) {
    return `${scheme}://${credentials}127.0.0.1:${this.port}`;
  }

  async take(socket) {
    quiet(socket);
    this.sockets.push(socket);
    try {
      await (this.kind === "connect" ? this.connect(socket) : this.socks(socket));
    } catch {
      socket.destroy();
    }
  }

  /// At least `count` bytes, and what else came.
  static async read(socket, enough) {
    let bytes = Buffer.alloc(0);
    for (;;) {
      if (enough(bytes)) return bytes;
      const more = socket.read();
      if (more) bytes = Buffer.concat([bytes, more]);
      else if (socket.readableEnded || socket.destroyed) throw new Error("left");
      else {
        await new Promise((resolve) => {
          for (const what of ["readable", "end", "close"]) socket.once(what, resolve);
        });
      }
    }
  }

  async connect(socket) {
    const request = (await ScriptedProxy.read(socket, (bytes) => bytes.includes("\r\n\r\n"))).toString("latin1");
    this.asked.push(request);
    if (this.behaves === "hangs") return;
    if (this.behaves === "closes") return socket.destroy();
    if (this.behaves === "refuses") {
      socket.end("HTTP/1.1 407 no, canary\r\nproxy-authenticate: Basic\r\ncontent-length: 6\r\n\r\ncanary");
      return;
    }
    if (this.behaves === "babbles") return socket.write("220 mail.test ESMTP\r\n");
    const [, host, port] = /^CONNECT \[?([^\]\s]+)\]?:(\d+) HTTP\/1\.1\r\n/.exec(request);
    await this.lead(socket, host, Number(port), "HTTP/1.1 200 Connection established\r\n\r\n");
  }

  async socks(socket) {
    const greeting = await ScriptedProxy.read(socket, (bytes) => bytes.length > 1 && bytes.length >= 2 + bytes[1]);
    this.asked.push(greeting.toString("hex"));
    if (this.behaves === "hangs") return;
    if (this.behaves === "closes") return socket.destroy();
    if (this.behaves === "babbles") return socket.write("220 mail.test ESMTP\r\n");
    const signsIn = greeting.subarray(2).includes(2);
    socket.write(Buffer.from([5, signsIn ? 2 : 0]));
    if (signsIn) {
      await ScriptedProxy.read(
        socket,
        (bytes) => bytes.length > 2 && bytes.length > 2 + bytes[1] && bytes.length === 3 + bytes[1] + bytes[2 + bytes[1]],
      );
      socket.write(Buffer.from([1, this.behaves === "refuses" ? 1 : 0]));
      if (this.behaves === "refuses") return socket.end();
    }
    const whole = (bytes) => bytes.length > 4 && bytes.length === { 1: 10, 3: 7 + bytes[4], 4: 22 }[bytes[3]];
    const request = await ScriptedProxy.read(socket, whole);
    const address = request.subarray(4, -2);
    const host = {
      1: () => address.join("."),
      3: () => address.subarray(1).toString("latin1"),
      4: () => address.toString("hex"),
    }[request[3]]();
    await this.lead(socket, host, request.readUInt16BE(request.length - 2), Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  }

  async lead(near, host, port, greeting) {
    const far = net.connect({ host: this.names[host] ?? host, port, noDelay: true, allowHalfOpen: true });
    quiet(far);
    await new Promise((resolve, reject) => far.once("connect", resolve).once("error", reject));
    this.tunnels.push({ host, port, near, far });
    near.write(greeting);
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }

  /// Everything it carries ends at once.
  cut() {
    for (const socket of this.raw) socket.resetAndDestroy();
    this.raw = [];
  }

  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const { far } of this.tunnels) far.destroy();
    for (const socket of this.raw) socket.destroy();
    await closed;
  }
}
