/// The command-line client, asking one question through the relay. Its home, settings and network are this test's own.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { Process } from "../lib/process.js";
import { account, clientSecret, temporaryFolder } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const modules = path.resolve(import.meta.dirname, "node_modules/@anthropic-ai");
const claude = ["x64", "arm64"]
  .map((cpu) => path.join(modules, `claude-code-linux-${cpu}`, "claude"))
  .find(fs.existsSync);
const world = new World();
const home = temporaryFolder();
after(() => fs.rmSync(home, { recursive: true, force: true }));
let simulator, sluice;

before(async () => {
  simulator = await world.simulator(["--x-sim", "echo"]);
  sluice = await world.sluice({ account: [account(simulator)] });
});

for (const [how, credential] of Object.entries({
  "an API key": { ANTHROPIC_API_KEY: clientSecret },
  "a bearer token": { ANTHROPIC_AUTH_TOKEN: clientSecret },
})) {
  test(
    `prints the answer, signed in by ${how}`,
    { skip: claude ? false : "no program of it for this machine" },
    async () => {
      const before = await sluice.metrics();
      const work = fs.mkdtempSync(path.join(home, "work-"));
      const client = new Process(claude, ["-p", "Say that the relay works"], {
        cwd: work,
        env: {
          HOME: work,
          TMPDIR: work,
          CLAUDE_CONFIG_DIR: path.join(work, "config"),
          ANTHROPIC_BASE_URL: sluice.url,
          ANTHROPIC_MODEL: "claude-sonnet-4-5",
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
          DISABLE_AUTOUPDATER: "1",
          ...credential,
        },
      });
      const code = await client.exited(60000);
      assert.equal(code, 0, `${client.stdout}\n${client.stderr}`);
      assert.match(client.stdout, /Say that the relay works/);
      const metrics = await sluice.metrics();
      for (const kind of ["input", "output"])
        assert.ok(
          metrics.sum("sluice_tokens_total", { kind }) > before.sum("sluice_tokens_total", { kind }),
          kind,
        );
      assert.equal((await (await fetch(`${simulator.url}/sim/stats`)).json()).leaked_headers, 0);
    },
  );
}
