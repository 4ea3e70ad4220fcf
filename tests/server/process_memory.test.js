/// What a process knows stays in it: no core dump, and nobody else of this user looks into its memory.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { program, temporaryFolder } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";

const underSanitizer = /__(asan|tsan)_init/.test(fs.readFileSync(program, "latin1"));
const nobody = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const folder = temporaryFolder();
const children = [];
let copy;

before(() => {
  // Where anybody may run it.
  fs.chmodSync(folder, 0o755);
  copy = path.join(folder, "sluice");
  fs.copyFileSync(program, copy);
});
after(async () => {
  const ended = children.map((child) => new Promise((resolve) => child.once("close", resolve)));
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(ended);
  fs.rmSync(folder, { recursive: true });
});

/// Runs the program as somebody who isn't root, and waits until it says that it is up.
async function start(args) {
  const child = spawn(copy, args, { cwd: "/", stdio: ["ignore", "pipe", "pipe"], ...nobody });
  children.push(child);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += text));
  await eventually(() => /127\.0\.0\.1:\d+/.test(printed) || child.exitCode !== null, "an address");
  assert.equal(child.exitCode, null, printed);
  return child.pid;
}

const verbs = [["simulate", "--port", "0"], ["demo", "--listen", "127.0.0.1:0"]];
for (const args of verbs) {
  describe(`sluice ${args[0]}`, () => {
    test("writes no core", async () => {
      const limits = fs.readFileSync(`/proc/${await start(args)}/limits`, "latin1");
      assert.match(limits, /^Max core file size +0 +0 /m);
    });

    test("is not dumpable, so that /proc/PID belongs to root", { skip: underSanitizer }, async () => {
      const pid = await start(args);
      for (const name of ["mem", "environ", "maps"]) assert.equal(fs.statSync(`/proc/${pid}/${name}`).uid, 0, name);
    });
  });
}
