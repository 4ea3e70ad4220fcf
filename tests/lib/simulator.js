/// `sluice simulate` on a free port.

import { Process } from "./process.js";
import { program } from "./sluice.js";

export class Simulator {
  static async start(args = []) {
    const simulator = new Simulator();
    simulator.process = new Process(program, ["simulate", "--port", "0", ...args]);
    const [, port] = await simulator.process.printed(/simulate\.listening address=127\.0\.0\.1:(\d+)/, {
      stream: "stdout",
    });
    simulator.port = Number(port);
    simulator.url = `http://127.0.0.1:${port}`;
    return simulator;
  }

  stop() {
    return this.process.stop();
  }
}
