/// What requests leave behind in a server: nothing.

import assert from "node:assert/strict";

import { eventually, patience } from "../lib/waiting.js";

/// What the store may open when it has something to write, now and then.
const storeFiles = 4;

/// Descriptors that are no idle connection to a provider: those may stay.
async function ownFiles(sluice) {
  const metrics = await sluice.metrics();
  return metrics.sum("process_open_fds") - metrics.sum("sluice_upstream_connections");
}

/// Taken while nothing runs; `isAllThereIs` holds once all that ran meanwhile is over.
export class Before {
  static async take(sluice) {
    return Object.assign(new Before(), { sluice, files: await ownFiles(sluice) });
  }

  async isAllThereIs() {
    let seen;
    const settled = async () => {
      const metrics = await this.sluice.metrics();
      seen = {
        streams: metrics.sum("sluice_streams_active"),
        inFlight: metrics.sum("sluice_account_in_flight"),
        calls: metrics.sum("sluice_upstream_connections", { state: "active" }),
        files: (await ownFiles(this.sluice)) - this.files,
      };
      return seen.streams === 0 && seen.inFlight === 0 && seen.calls === 0 && seen.files <= storeFiles;
    };
    await eventually(settled, "all is given back", 5000 * patience).catch((error) =>
      assert.fail(`${error.message}: ${JSON.stringify(seen)}`),
    );
  }
}
