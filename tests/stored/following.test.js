/// What is changed in the store, by whatever process, a running server does within a second; both engines.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { messageRequest, stream } from "../lib/anthropic.js";
import { Postgres } from "../lib/postgres.js";
import { answers } from "../lib/scripted_provider.js";
import { providerSecret } from "../lib/sluice.js";
import { delay, eventually, patience } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const second = 1000 * patience;
/// A command tells its end when the change is committed: from then on the clock of the promise runs.
const within1s = (question, what) => eventually(question, what, second);

const world = new World();
let postgres;
after(() => postgres?.stop());

for (const engine of ["sqlite", "postgresql"]) {
  describe(engine, { skip: engine === "postgresql" && !Postgres.installed && "PostgreSQL is not installed" }, () => {
    let provider, sluice;
    const status = async (secret) =>
      (await sluice.messages(messageRequest(), { headers: { "x-api-key": secret } })).status;

    async function start() {
      let store = {};
      if (engine === "postgresql") {
        postgres ??= await Postgres.start();
        store = { store: { url: await postgres.database() } };
      }
      return world.sluice({ key: [], account: [], ...store });
    }

    before(async () => {
      provider = await world.provider((call) => call.send(answers.stream(stream())));
      sluice = await start();
      await sluice.does(["account", "add", "--name", "main", "--provider", "anthropic", "--base-url", provider.url, "--api-key", "-"], {
        input: providerSecret,
      });
    });

    async function newKey(name, ...flags) {
      const made = await sluice.does(["key", "create", "--name", name, ...flags, "--json"]);
      const { id, secret } = JSON.parse(made.stdout);
      return { id, secret };
    }

    test("an account and a key that were added serve without a restart", async () => {
      const { secret } = await newKey("first");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      const call = provider.calls.at(-1);
      assert.equal(call.head.get("x-api-key"), providerSecret);
    });

    test("a revoked key is refused, and stays so", async () => {
      const { secret } = await newKey("revoked");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      await sluice.does(["key", "revoke", "revoked"]);
      await within1s(async () => (await status(secret)) === 401, "the key is refused");
      assert.equal(await status(secret), 401);
    });

    test("while a key is rotated both secrets work, then only the new one", async () => {
      const old = await newKey("rotated");
      await within1s(async () => (await status(old.secret)) === 200, "the key is served");
      const made = await sluice.does(["key", "rotate", "rotated", "--grace", "3s", "--json"]);
      const fresh = JSON.parse(made.stdout).secret;
      assert.notEqual(fresh, old.secret);
      await within1s(async () => (await status(fresh)) === 200, "the new secret works");
      assert.equal(await status(old.secret), 200, "the old one still works");
      await eventually(async () => (await status(old.secret)) === 401, "the old one ends", 4 * second);
      assert.equal(await status(fresh), 200);
    });

    test("a key ends so long after its first use, whatever restarts in between", async () => {
      const { secret } = await newKey("trial", "--expires", "4s after first use");
      const unused = await newKey("unused", "--expires", "1s after first use");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      await eventually(async () => {
        const shown = JSON.parse((await sluice.does(["key", "show", "trial", "--json"])).stdout);
        return shown.first_used;
      }, "the first use is in the store", 2 * second);
      const before = JSON.parse((await sluice.does(["key", "show", "trial", "--json"])).stdout);
      await sluice.kill();
      await sluice.again();
      await eventually(async () => (await status(secret)) === 401, "the key has ended", 6 * second);
      const after = JSON.parse((await sluice.does(["key", "show", "trial", "--json"])).stdout);
      assert.equal(after.first_used, before.first_used);
      assert.equal(after.version, before.version, "use never changes the version that an editor holds");
      assert.equal(await status(unused.secret), 200, "a key that nobody used has not begun to end");
    });

    test("an account that is disabled takes nothing more, and one that is enabled does", async () => {
      const { secret } = await newKey("switching");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      await sluice.does(["account", "disable", "main"]);
      await within1s(async () => (await status(secret)) === 503, "no account is left");
      await sluice.does(["account", "enable", "main"]);
      await within1s(async () => (await status(secret)) === 200, "the account is back");
    });

    test("fifty changes at once are all there, and no request fails meanwhile", async () => {
      const { secret } = await newKey("steady");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      let busy = true;
      const seen = [];
      const load = (async () => {
        while (busy) seen.push(await status(secret));
      })();
      const made = await Promise.all(Array.from({ length: 50 }, (_, i) => newKey(`many-${i}`)));
      await Promise.all(
        made.map(({ secret: each }) => within1s(async () => (await status(each)) === 200, "each is served")),
      );
      busy = false;
      await load;
      assert.deepEqual([...new Set(seen)], [200]);
    });

    test("a store that is away stops no request", { skip: engine === "sqlite" && "a file is not away" }, async () => {
      const { secret } = await newKey("durable");
      await within1s(async () => (await status(secret)) === 200, "the key is served");
      await postgres.halt();
      for (let i = 0; i < 20; i++) assert.equal(await status(secret), 200);
      await postgres.run();
      await sluice.does(["key", "revoke", "durable"]);
      await eventually(async () => (await status(secret)) === 401, "the change after the outage arrives", 10 * second);
    });

    test("a second server on the same store knows the same keys", async () => {
      const { secret } = await newKey("shared");
      const beside = await world.sluiceBeside(sluice);
      const asked = await beside.messages(messageRequest(), { headers: { "x-api-key": secret } });
      assert.equal(asked.status, 200);
    });
  });
}
