/// A start that can't succeed says why.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { stream } from "../lib/anthropic.js";
import { Process } from "../lib/process.js";
import { answers } from "../lib/scripted_provider.js";
import { account, clientSecret, program, temporaryFolder } from "../lib/sluice.js";
import { World } from "../lib/world.js";

const world = new World();
let provider;

before(async () => {
  provider = await world.provider((call) => call.send(answers.stream(stream())));
});

describe("a start that can't succeed", () => {
  const folder = temporaryFolder();
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  let number = 0;

  /// Runs `serve`, which must end by itself; what it said on stderr.
  async function fails(config, { args = [], codes = [1], file } = {}) {
    number += 1;
    const home = path.join(folder, `${number}`);
    fs.mkdirSync(home);
    const name = file ?? path.join(home, "sluice.toml");
    if (!file) fs.writeFileSync(name, config);
    const server = new Process(
      program,
      ["serve", "--config", name, "--data", path.join(home, "data"), ...args],
      { cwd: home },
    );
    const code = await server.exited();
    assert.ok(codes.includes(code), `exit code ${code}: ${server.stderr}`);
    assert.ok(server.stderr.trim().length > 10);
    return server.stderr;
  }

  test("tells that the address is taken", async () => {
    const sluice = await world.sluice({ account: [account(provider)] });
    const said = await fails(`[server]\nlisten = "127.0.0.1:${sluice.port}"\n`);
    assert.match(said, new RegExp(`127\\.0\\.0\\.1:${sluice.port}`));
    assert.match(said, /in use/i);
    assert.match(await fails("", { args: ["--listen", `127.0.0.1:${provider.port}`] }), /in use/i);
  });

  test("tells file, line and the nearest name of an unknown key", async () => {
    assert.match(
      await fails('[server]\n\nlisen = "127.0.0.1:0"\n', { codes: [1, 2] }),
      /sluice\.toml:3.*lisen.*listen/s,
    );
  });

  test("tells file and line of a bad value", async () => {
    assert.match(
      await fails('[server]\nlisten = "127.0.0.1:0"\nthreads = "many"\n', { codes: [1, 2] }),
      /sluice\.toml:3.*threads/s,
    );
    assert.match(
      await fails('[[account]]\nname = "a"\nprovider = "antropic"\n', { codes: [1, 2] }),
      /sluice\.toml:3.*anthropic/s,
    );
  });

  test("tells file and line of what is no TOML", async () => {
    assert.match(await fails('[server\nlisten = "x"\n', { codes: [1, 2] }), /sluice\.toml:1/);
  });

  test("tells that the file is missing", async () => {
    assert.match(await fails("", { file: path.join(folder, "absent.toml"), codes: [1, 2] }), /absent\.toml/);
  });

  test("tells that the certificate can't be read", async () => {
    const said = await fails(
      `[server]\nlisten = "127.0.0.1:0"\ntls_certificate = "${folder}/none.pem"\ntls_key = "${folder}/none.key"\n`,
    );
    assert.match(said, /none\.(pem|key)/);
  });

  test("tells that a secret's variable is not set, and never a secret", async () => {
    const said = await fails('[[key]]\nname = "k"\nsecret = "env:SURELY_NOT_SET"\n', { codes: [1, 2] });
    assert.match(said, /SURELY_NOT_SET/);
    const both = await fails(`[[key]]\nname = "k"\nsecret = "${clientSecret}"\nlimit = 3\n`, {
      codes: [1, 2],
    });
    assert.ok(!both.includes(clientSecret));
  });

  test("is wrong usage for an unknown flag", async () => {
    const server = new Process(program, ["serve", "--lisen", "x"], { cwd: folder });
    assert.equal(await server.exited(), 2);
    assert.match(server.stderr, /lisen/);
  });
});
