/// Many clients at once, each on a connection that it keeps and reads strictly.

import { RawClient, requestBytes } from "../lib/raw_client.js";

/// Sends `count` requests through `clients` connections to `port`. `ask(i)` gives the i-th request, as for `requestBytes`;
/// `take(answer, i)` gets each answer as it ends: `{status, head, text, complete}`.
export async function crowd(port, { clients, count, ask, take }) {
  let next = 0;
  const work = async () => {
    let client = null;
    try {
      while (next < count) {
        const i = next++;
        if (client === null || client.over !== null) client = await RawClient.connect(port);
        const answer = client.answer();
        client.send(requestBytes(ask(i)));
        const head = await answer.head;
        const { complete } = await answer.end;
        await take({ status: head.status, head, text: answer.text, complete }, i);
        if (!complete || head.get("connection") === "close") {
          client.close();
          client = null;
        }
      }
    } finally {
      client?.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(clients, count) }, work));
}

/// How often each value comes: `{200: 17, 503: 2}`.
export function tally(values) {
  const counts = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
