/// All that a file of tests starts, and its end.
///
///     const world = new World();   // ends everything after the file's tests
///     const provider = await world.provider(script);
///     const sluice = await world.sluice({ account: [account(provider)] });

import assert from "node:assert/strict";
import { after } from "node:test";

import { ScriptedProvider } from "./scripted_provider.js";
import { Simulator } from "./simulator.js";
import { Sluice } from "./sluice.js";

export class World {
  constructor() {
    this.providers = [];
    this.sluices = [];
    this.others = [];
    after(() => this.end());
  }

  async provider(script, options) {
    const provider = await ScriptedProvider.start(script, options);
    this.providers.push(provider);
    return provider;
  }

  async sluice(config, options) {
    const sluice = await Sluice.start(config, options);
    this.sluices.push(sluice);
    return sluice;
  }

  /// Another server on the store of `other`.
  async sluiceBeside(other) {
    const sluice = await Sluice.beside(other);
    this.sluices.unshift(sluice); // it ends before the folder goes
    return sluice;
  }

  async simulator(args) {
    const simulator = await Simulator.start(args);
    this.others.push(simulator);
    return simulator;
  }

  async end() {
    const codes = [];
    // Clients and providers first: what still runs then ends by itself, and the servers drain at once.
    await Promise.all(this.providers.map((provider) => provider.stop()));
    for (const sluice of this.sluices) codes.push(sluice.process.code ?? (await sluice.stop()));
    for (const other of this.others) await other.stop();
    assert.deepEqual(
      codes,
      codes.map(() => 0),
      "every server ends with exit code 0",
    );
    assert.deepEqual(
      this.providers.flatMap((provider) => provider.malformed),
      [],
      "every request that reached a provider was well-formed",
    );
  }
}
