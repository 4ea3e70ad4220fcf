import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";

import { killTests } from "./kills.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-kill-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let stores = 0;
killTests(async () => path.join(folder, `store-${++stores}`));
