/// docs/admin-api.md: its examples work as they are printed, in one shell, from the set-up link to the audit log.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { Process } from "../lib/process.js";
import { World } from "../lib/world.js";
import { setUpToken } from "./operator.js";

const world = new World();
const page = fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/admin-api.md"), "utf8");
const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block);

test("the examples of the page work", async () => {
  const sluice = await world.sluice({});
  const script = blocks.map((block) => `echo; echo '--- next'\n${block}`).join("\n").replaceAll("127.0.0.1:8080", `127.0.0.1:${sluice.port}`);
  const env = { TOKEN: await setUpToken(sluice) };
  const shell = new Process("bash", ["-euo", "pipefail", "-c", script], { env, cwd: sluice.folder });
  assert.equal(await shell.exited(60000), 0, shell.stdout + shell.stderr);
  assert.doesNotMatch(shell.stdout, /"error":/);
  const [, , set, session, health, made, listed, lifted, changed, rotated] = shell.stdout.split("--- next\n");
  assert.match(set, /"name":"ada"/);
  assert.match(session, /"role":"admin"/);
  assert.match(health, /"version":/);
  assert.match(made, /"name":"anthropic-main".*"secret":"sk-slc-/s);
  assert.match(listed, /"items":\[.*"steps":\[/s);
  assert.match(lifted, /"state":"active".*"rests":\[\]/s);
  assert.match(changed, /"note":"for the build"/);
  assert.match(rotated, /"secret":"sk-slc-.*"action":"rotate"/s);
});
