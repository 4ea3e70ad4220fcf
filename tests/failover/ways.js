/// The ways in which an account fails before the first output, as the simulator makes them.

import net from "node:net";

import { messageRequest } from "../lib/anthropic.js";
import { requestBytes } from "../lib/raw_client.js";

/// Bytes of the simulator's response to a stream: `head`, and `preamble` up to the middle of the first event that is output. To a
/// few, as figures in it have more or fewer digits.
export async function measure(simulator, { model, text }) {
  const closing = "connection: close\r\n";
  const headers = { "x-api-key": "sk", "anthropic-version": "2023-06-01", "content-type": "application/json" };
  const request = requestBytes({
    // A fault that doesn't happen has every event framed by itself, as those that do.
    path: "/x-sim/echo,stall_at=1000000/v1/messages",
    headers: { ...headers, connection: "close" },
    body: messageRequest({ model, text }),
  });
  const socket = net.connect(simulator.port, "127.0.0.1");
  socket.write(request);
  const pieces = [];
  for await (const piece of socket) pieces.push(piece);
  const response = Buffer.concat(pieces).toString("latin1").replace(closing, "");
  return {
    head: response.indexOf("\r\n\r\n") + 4,
    preamble: response.indexOf("event: content_block_start") + 60,
  };
}

/// `at`: which provider does it. Those that answer with no byte at all keep to themselves, since a connection that was used and
/// kept would be dialled anew once, at once, within the same attempt. `list` may depend on what `measure` says.
export const ways = {
  // Before the head.
  "refused": { at: "nobody" },
  "reset": { at: "silent", list: "reset_at=0" },
  "closed": { at: "silent", list: "close_at=0" },
  // In the head.
  "no-http": { at: "sick", list: "garbage=head" },
  "reset-in-head": { at: "sick", list: "reset_at=500" },
  "closed-in-head": { at: "sick", list: "close_at=500" },
  "401": { at: "sick", list: "status=401" },
  "402": { at: "sick", list: "status=402" },
  "403": { at: "sick", list: "status=403" },
  "408": { at: "sick", list: "status=408" },
  "429": { at: "sick", list: "status=429" },
  "429-told": { at: "sick", list: "status=429,retry_after=1" },
  "500": { at: "sick", list: "status=500" },
  "502": { at: "sick", list: "status=502" },
  "503": { at: "sick", list: "status=503" },
  "503-told": { at: "sick", list: "status=503,retry_after=3600" },
  "504": { at: "sick", list: "status=504" },
  "529": { at: "sick", list: "status=529" },
  "301": { at: "sick", list: "status=301" },
  // As the first event.
  "event-overloaded": { at: "sick", list: "error_event=overloaded_error" },
  "event-api": { at: "sick", list: "error_event=api_error" },
  "event-limited": { at: "sick", list: "error_event=rate_limit_error" },
  "event-unauthorized": { at: "sick", list: "error_event=authentication_error" },
  // Within and behind the preamble.
  "reset-in-preamble": { at: "sick", list: ({ head }) => `reset_at=${head + 200}` },
  "closed-in-preamble": { at: "sick", list: ({ head }) => `close_at=${head + 200}` },
  "closed-behind-preamble": { at: "sick", list: ({ preamble }) => `close_at=${preamble}` },
  "event-behind-preamble": { at: "sick", list: "error_event=overloaded_error@1" },
  // By silence.
  "stalls": { at: "sick", list: "stall_at=0", slow: true },
  "stalls-in-head": { at: "sick", list: "stall_at=500", slow: true },
  "stalls-in-preamble": { at: "sick", list: ({ head }) => `stall_at=${head + 200}`, slow: true },
  "stalls-behind-preamble": { at: "sick", list: ({ preamble }) => `stall_at=${preamble}`, slow: true },
};
