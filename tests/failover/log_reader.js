/// What a server's log tells of requests that are over, and of attempts that came to nothing.

import { eventually, patience } from "../lib/waiting.js";

function fieldsOf(line) {
  const fields = {};
  for (const [, name, quoted, plain] of line.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g))
    fields[name] ??= quoted ?? plain;
  return fields;
}

/// `{settled, failed}`: the fields of each line, the newest last, as soon as `requests` are settled. `from`: an offset in
/// the log.
export async function readLog(sluice, { requests = 0, from = 0 } = {}) {
  const lines = () => sluice.log.slice(from).split("\n").slice(0, -1);
  const of = (what) => lines().filter((line) => line.includes(` ${what} `));
  await eventually(() => of("request.settled").length >= requests, `${requests} requests are settled`, 10000 * patience);
  return { settled: of("request.settled").map(fieldsOf), failed: of("attempt.failed").map(fieldsOf) };
}

/// Of each account, how often it was called.
export function callsByAccount({ settled, failed }) {
  const calls = {};
  const add = (account) => (calls[account] = (calls[account] ?? 0) + 1);
  for (const { account } of failed) add(account);
  for (const { account, outcome } of settled) if (outcome === "ok") add(account);
  return calls;
}
