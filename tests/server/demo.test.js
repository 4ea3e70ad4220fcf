/// `sluice demo` leaves nothing behind, and touches nothing that is there.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";

import { Process } from "../lib/process.js";
import { program, temporaryFolder } from "../lib/sluice.js";

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true }));

test("a demo makes its files in a folder of its own, and takes them along", async () => {
  const here = path.join(folder, "here");
  const temporary = path.join(folder, "tmp");
  for (const made of [here, temporary]) fs.mkdirSync(made);
  const demo = new Process(program, ["demo", "--listen", "127.0.0.1:0"], { cwd: here, env: { TMPDIR: temporary } });
  await demo.printed(/sk-slc-/, { stream: "stdout" });
  assert.deepEqual(fs.readdirSync(here), []);
  const [own] = fs.readdirSync(temporary);
  assert.ok(fs.existsSync(path.join(temporary, own, "master.key")));

  assert.equal(await demo.stop(), 0);
  assert.deepEqual(fs.readdirSync(here), []);
  assert.deepEqual(fs.readdirSync(temporary), []);
});
