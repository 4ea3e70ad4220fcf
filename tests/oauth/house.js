/// An authorization server, a provider that trusts it, and servers that stand between; and what must hold of all of them.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after } from "node:test";

import { message, messageRequest } from "../lib/anthropic.js";
import { answers } from "../lib/scripted_provider.js";
import { clientSecret, Sluice } from "../lib/sluice.js";
import { eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";
import { AuthorizationServer } from "./authorization_server.js";

export class House {
  static async build(options) {
    const house = new House();
    house.servers = [];
    house.bearers = [];
    after(() => house.findSecrets()); // before the folders go
    house.world = new World();
    after(() => house.authorization.stop());
    house.authorization = await AuthorizationServer.start(options);
    house.provider = await house.world.provider((call) => house.answer(call));
    return house;
  }

  /// As a provider behind this authorization server would.
  answer(call) {
    const [, token] = /^Bearer (.+)$/.exec(call.head.get("authorization") ?? "") ?? [];
    this.bearers.push(token);
    const good = this.isGood ?? ((one) => this.authorization.isGood(one));
    return call.send(
      good(token)
        ? answers.json(200, message())
        : answers.error(401, "authentication_error", "the token is not good"),
    );
  }

  account(credential, more = {}) {
    return {
      name: "main",
      provider: "anthropic-compatible",
      base_url: this.provider.url,
      credential,
      ...more,
    };
  }

  async sluice(...accounts) {
    return this.sluiceOn({}, ...accounts);
  }

  async sluiceOn(store, ...accounts) {
    const sluice = await this.world.sluice({ account: accounts, log: { level: "trace" }, store });
    this.servers.push(sluice);
    return sluice;
  }

  async sluiceBeside(other) {
    const sluice = await this.world.sluiceBeside(other);
    this.servers.push(sluice);
    return sluice;
  }

  /// One request; its status.
  async ask(sluice) {
    const answer = await sluice.messages(messageRequest({ stream: false }));
    return answer.status;
  }

  /// Until requests go through.
  served(sluice, ms = 10000) {
    return eventually(async () => (await this.ask(sluice)) === 200, "a request that is served", ms * patience);
  }

  refused(sluice, ms = 15000) {
    return eventually(async () => (await this.ask(sluice)) !== 200, "a request that is refused", ms * patience);
  }

  /// No log and no file of the store holds what the authorization server gave or knows.
  async findSecrets() {
    const texts = new Map(this.postgres && [["PostgreSQL", await this.postgres.dump()]]);
    for (const sluice of this.servers) {
      texts.set(`the log of ${sluice.process.pid}`, sluice.log);
      if (!fs.existsSync(sluice.folder)) continue; // it was stopped by its test
      const data = path.join(sluice.folder, "data");
      for (const name of fs.readdirSync(data)) {
        const file = path.join(data, name);
        if (fs.statSync(file).isFile()) texts.set(file, fs.readFileSync(file, "latin1"));
      }
    }
    const stores = this.servers.filter((sluice) => fs.existsSync(sluice.folder)).length;
    assert(texts.size >= this.servers.length + Math.min(stores, 1), "no store was looked into");
    for (const [where, text] of texts) {
      for (const secret of [...this.authorization.secrets, clientSecret]) {
        assert(!text.includes(secret), `${where} holds ${secret.slice(0, 6)}...`);
      }
    }
  }
}

/// Lines of a log with this event.
export function lines(sluice, event) {
  return sluice.log.split("\n").filter((line) => line.includes(` ${event} `));
}
