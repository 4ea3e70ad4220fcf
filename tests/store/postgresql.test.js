import { after, before, describe } from "node:test";

import { Postgres } from "../lib/postgres.js";
import { killTests } from "./kills.js";

const skip = Postgres.installed ? false : "PostgreSQL is not installed";
describe("PostgreSQL", { skip, timeout: 600000 }, () => {
  let postgres;
  before(async () => {
    postgres = await Postgres.start();
  });
  after(() => postgres?.stop());
  // A schema is made faster than a database, and the options of a URL reach the server.
  let stores = 0;
  killTests(async () => {
    const before = `store_${stores}`;
    const name = `store_${++stores}`;
    await postgres.sql(`DROP SCHEMA IF EXISTS ${before} CASCADE; CREATE SCHEMA ${name}`);
    return `${postgres.url()}&options=-csearch_path%3D${name}`;
  });
});
