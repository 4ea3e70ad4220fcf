/// Recorded data, which lies beside the repository and may be absent.

import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = process.env.SLUICE_SHARED || path.resolve(import.meta.dirname, "../../../shared");

/// The path of `name` in the recorded data; without it undefined, and a test that skips by name (or fails in CI).
export function shared(name) {
  const full = path.join(root, name);
  if (fs.existsSync(full)) return full;
  test(`recorded data ${name}`, { skip: process.env.CI === "true" ? false : `${full} is absent` }, () => {
    throw new Error(`${full} is absent`);
  });
  return undefined;
}

export function sharedLines(name) {
  const full = shared(name);
  if (!full) return [];
  return fs
    .readFileSync(full, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
