/// An address where connecting neither succeeds nor fails: a listener that never accepts, with its queue full.

import net from "node:net";

import { delay } from "./waiting.js";
import { Process } from "./process.js";

const listener = `
import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
print(s.getsockname()[1], flush=True)
signal.pause()
`;

export class DeafListener {
  static async start() {
    const deaf = new DeafListener();
    deaf.process = new Process("/usr/bin/python3", ["-c", listener]);
    const [, port] = await deaf.process.printed(/^(\d+)$/m, { stream: "stdout" });
    deaf.port = Number(port);
    deaf.url = `http://127.0.0.1:${port}`;
    deaf.fillers = [];
    for (let queued = true; queued;) {
      const socket = net.connect(deaf.port, "127.0.0.1");
      socket.on("error", () => {});
      deaf.fillers.push(socket);
      queued = await Promise.race([
        new Promise((resolve) => socket.once("connect", () => resolve(true))),
        delay(300).then(() => false),
      ]);
    }
    return deaf;
  }

  async stop() {
    for (const socket of this.fillers) socket.destroy();
    await this.process.stop();
  }
}
