/// The completion script, as bash uses it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";

import { program } from "../lib/sluice.js";
import { Store } from "./store.js";

let store;
before(async () => {
  store = new Store();
  await store.does(["key", "create", "ci"]);
  await store.does(["key", "create", "two words"]);
});
after(() => store.remove());

/// What pressing Tab behind `words` offers; the last word is the one at the cursor.
function offered(shell, ...words) {
  const list = [program, ...words].map((word) => `'${word}'`).join(" ");
  const scripts = {
    bash: `eval "$('${program}' completion bash)"; COMP_WORDS=(${list}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`,
    // Without its line editor zsh has no \`compadd\`: this one shows what it was given.
    zsh: `compdef() { :; }; compadd() { shift; print -rl -- "\${(@P)1}"; }; _files() { print -r -- @file; }; source <('${program}' completion zsh); words=(${list}); CURRENT=\${#words}; _sluice`,
  };
  const done = spawnSync(shell, ["-c", scripts[shell]], { encoding: "utf8", cwd: store.folder });
  assert.equal(done.stderr, "");
  return done.stdout.split("\n").filter((line) => line !== "" && line.startsWith(shell === "zsh" ? words.at(-1) : ""));
}

for (const shell of ["bash", "zsh"]) {
  const skip = spawnSync(shell, ["-c", "true"]).status === 0 ? false : `there is no ${shell} here`;
  describe(shell, { skip }, () => {
    test("completes commands", () => {
      assert.deepEqual(offered(shell, "acc"), ["account"]);
      assert.deepEqual(offered(shell, "key", "re"), ["revoke", "remove", "restore"]);
      assert.ok(offered(shell, "").includes("serve"));
      assert.deepEqual(offered(shell, "import", "c"), ["crs"]);
    });
    test("completes flags", () => {
      assert.deepEqual(offered(shell, "account", "add", "--prov"), ["--provider"]);
      assert.ok(offered(shell, "key", "create", "--name", "x", "--").includes("--limit"));
    });
    test("completes fixed choices", () => {
      assert.ok(offered(shell, "account", "add", "--provider", "anthropic").includes("anthropic-compatible"));
      assert.deepEqual(offered(shell, "completion", ""), ["bash", "zsh"]);
      assert.deepEqual(offered(shell, "key", "list", "--search", ""), []);
    });
    test("completes names out of the store", () => {
      const names = offered(shell, "key", "--data", store.data, "show", "").concat(
        offered(shell, "key", "show", "--data", store.data, ""),
      );
      assert.ok(names.includes("ci"), `${names}`);
      assert.ok(names.some((name) => name.replace("\\", "") === "two words"), `${names}`);
    });
  });
}
