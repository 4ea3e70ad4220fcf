/// The OpenAPI document itself.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { World } from "../lib/world.js";
import { judgeOf, Operator } from "./operator.js";

const world = new World();
let judge, document;

before(async () => {
  const sluice = await world.sluice({});
  judge = await judgeOf(sluice);
  document = judge.document;
  const answer = await new Operator(sluice).raw("GET", "/admin/api/openapi.json", { absolute: true });
  assert.equal(answer.head.get("content-type"), "application/json");
});

function* nodes(node, path = "#") {
  if (node === null || typeof node !== "object") return;
  yield [path, node];
  for (const [name, child] of Object.entries(node)) yield* nodes(child, `${path}/${name}`);
}

test("is of version 3.1 and names itself", () => {
  assert.match(document.openapi, /^3\.1\./);
  assert.ok(document.info.title && document.info.version);
});

test("has something behind every reference, and refers to everything it has", () => {
  const used = new Set();
  for (const [path, node] of nodes(document)) {
    if (typeof node.$ref !== "string") continue;
    assert.ok(judge.resolve(node), `${path}: ${node.$ref}`);
    used.add(node.$ref);
  }
  for (const part of ["schemas", "parameters", "responses", "headers"])
    for (const name of Object.keys(document.components[part]))
      assert.ok(used.has(`#/components/${part}/${name}`), `${part}/${name} is of use`);
});

test("has schemas that are valid, with examples that fit", () => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const reference = { $ref: `#/components/schemas/${name}` };
    judge.check(reference);
    for (const example of schema.examples ?? []) judge.matches(reference, example, `example of ${name}`);
  }
});

test("describes every operation in full", () => {
  const ids = new Set();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const what = `${method} ${path}`;
      assert.ok(operation.summary, what);
      assert.ok(!ids.has(operation.operationId), `${what}: one name, one operation`);
      ids.add(operation.operationId);
      const parameters = (operation.parameters ?? []).map((parameter) => judge.resolve(parameter));
      const inPath = parameters.filter((parameter) => parameter.in === "path").map((parameter) => parameter.name);
      assert.deepEqual(
        inPath,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        what,
      );
      for (const scheme of operation.security.flatMap(Object.keys))
        assert.ok(document.components.securitySchemes[scheme], `${what}: ${scheme}`);
      const statuses = Object.keys(operation.responses);
      assert.equal(statuses.filter((status) => status.startsWith("2")).length, 1, what);
      for (const status of ["400", "403", "500", "503"]) assert.ok(statuses.includes(status), `${what}: ${status}`);
    }
  }
});
