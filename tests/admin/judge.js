/// Judges every answer of the admin API: by its own OpenAPI document, and by what every answer must carry.

import assert from "node:assert/strict";

import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

export const prefix = "/admin/api/v1";

export class Judge {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true });
    addFormats(this.ajv);
    for (const word of ["components", "example"]) this.ajv.addKeyword(word);
    this.ajv.addSchema({ $id: "https://document.test/", components: document.components });
    this.checks = new Map();
    this.seen = new Set(); // "GET /keys 200"
  }

  resolve(node) {
    if (!node?.$ref) return node;
    return node.$ref
      .slice(2)
      .split("/")
      .reduce((at, step) => at[step], this.document);
  }

  /// The path of the document that `path` is an instance of.
  template(path) {
    for (const template of Object.keys(this.document.paths)) {
      const pattern = new RegExp(`^${template.replace(/\{[a-z]+\}/g, "[^/]+")}$`);
      if (pattern.test(path)) return template;
    }
    return undefined;
  }

  check(schema) {
    const name = schema.$ref;
    if (!this.checks.has(name)) this.checks.set(name, this.ajv.compile({ $ref: `https://document.test/${name}` }));
    return this.checks.get(name);
  }

  matches(schema, value, what) {
    const check = this.check(schema);
    assert.ok(check(value), `${what}: ${this.ajv.errorsText(check.errors)} in ${JSON.stringify(value)}`);
  }

  /// `answer` of raw_client's `request`.
  answer(method, target, answer, { tls = false } = {}) {
    const path = target.split("?")[0];
    const what = `${method} ${path} ${answer.status}`;
    this.carries(answer, what, tls);
    const template = this.template(path);
    const operation = template && this.document.paths[template][method === "HEAD" ? "get" : method.toLowerCase()];
    if (answer.status >= 400) {
      this.refusal(method, answer, what);
      if (!operation || [404, 405].includes(answer.status) || method === "HEAD") return;
    } else if (!operation) return;
    const told = this.resolve(operation.responses[answer.status]);
    assert.ok(told, `${what}: the document doesn't tell of this status`);
    this.seen.add(`${method} ${template.slice(prefix.length)} ${answer.status}`);
    if (method === "HEAD") return;
    const content = told.content?.["application/json"];
    if (!content) return assert.equal(answer.text, "", `${what}: no body`);
    this.matches(content.schema, answer.json(), what);
    for (const name of Object.keys(told.headers ?? {})) assert.ok(answer.head.has(name), `${what}: ${name}`);
  }

  carries(answer, what, tls) {
    const must = {
      "cache-control": /^no-store$/,
      "x-content-type-options": /^nosniff$/,
      "referrer-policy": /^no-referrer$/,
      "cross-origin-resource-policy": /^same-origin$/,
      "content-security-policy": /default-src 'none'.*frame-ancestors 'none'/,
      "x-request-id": /^[0-9A-Z]{26}$/,
    };
    for (const [name, value] of Object.entries(must)) assert.match(answer.head.get(name) ?? "", value, `${what}: ${name}`);
    assert.equal(answer.head.has("strict-transport-security"), tls, `${what}: HSTS under TLS and only there`);
    for (const name of answer.head.names) assert.ok(!name.startsWith("access-control-"), `${what}: no CORS`);
  }

  refusal(method, answer, what) {
    if (method === "HEAD") return;
    assert.equal(answer.head.get("content-type"), "application/json", what);
    const body = answer.json();
    this.matches({ $ref: "#/components/schemas/Error" }, body, what);
    assert.equal(answer.head.get("x-sluice-error"), body.error.code, what);
  }
}
