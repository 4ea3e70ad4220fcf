/// The SDK of the API, in two major versions, through the relay.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import Current from "@anthropic-ai/sdk";
import Earlier from "anthropic-sdk-0";

import { account, clientSecret, defaultKey } from "../lib/sluice.js";
import { eventually } from "../lib/waiting.js";
import { World } from "../lib/world.js";

const world = new World();
const statuses = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  422: "UnprocessableEntityError",
  429: "RateLimitError",
  500: "InternalServerError",
  529: "InternalServerError",
};
const versions = { 1: Current, 0: Earlier };
let simulator, sluice;

/// The simulator, as a provider that does what `parameters` says.
const behaving = (parameters) => ({ url: `${simulator.url}/x-sim/${parameters}` });

before(async () => {
  simulator = await world.simulator();
  const faulty = (name, parameters) => account(behaving(parameters), name, { models: [name] });
  sluice = await world.sluice({
    account: [
      account(simulator, "main", { models: ["claude-*"], priority: 1 }),
      ...Object.keys(versions).flatMap((version) => [
        ...Object.keys(statuses).map((status) =>
          faulty(`status-${status}-${version}`, `status=${status},seed=${version}`),
        ),
        faulty(`later-${version}`, `status=429,retry_after=1,n_of=1:2,seed=1${version}`),
        faulty(`overloaded-${version}`, `error_event=overloaded_error,seed=2${version}`),
        faulty(`broken-${version}`, `events=40,reset_at=2500,seed=3${version}`),
        faulty(`slow-${version}`, `events=60,rate=20,seed=4${version}`),
      ]),
    ],
    key: [defaultKey, { name: "limited", secret: `sk-slc-${"l".repeat(43)}`, models: ["none"] }],
    relay: { max_attempts: 1 },
  });
});

const stats = async () => (await fetch(`${simulator.url}/sim/stats`)).json();

for (const [version, Anthropic] of Object.entries(versions)) {
  describe(`@anthropic-ai/sdk ${version}.x`, () => {
    const client = (more = {}) =>
      new Anthropic({
        apiKey: clientSecret,
        authToken: null,
        baseURL: sluice.url,
        maxRetries: 0,
        timeout: 20000,
        ...more,
      });
    const question = {
      model: "claude-sonnet-4-5",
      max_tokens: 100,
      messages: [{ role: "user", content: "How are you?" }],
    };

    test("creates a message", async () => {
      const message = await client().messages.create(question);
      assert.equal(message.type, "message");
      assert.ok(message.content[0].text.length > 0);
      assert.ok(message.usage.output_tokens > 0);
    });

    test("signs in by a bearer token too", async () => {
      const message = await client({ apiKey: null, authToken: clientSecret }).messages.create(question);
      assert.equal(message.type, "message");
    });

    test("streams one: the pieces are the whole", async () => {
      const stream = client().messages.stream(question);
      let text = "";
      const types = [];
      stream.on("text", (piece) => (text += piece));
      stream.on("streamEvent", ({ type }) => types.push(type));
      const message = await stream.finalMessage();
      assert.equal(
        message.content
          .filter((block) => block.type === "text")
          .map((block) => block.text)
          .join(""),
        text,
      );
      assert.ok(text.length > 0);
      assert.equal(types[0], "message_start");
      assert.equal(types.at(-1), "message_stop");
      assert.ok(message.usage.output_tokens > 0);
    });

    test("says the same, streamed or not", async () => {
      const whole = await client().messages.create(question);
      const streamed = await client().messages.stream(question).finalMessage();
      assert.deepEqual(streamed.content, whole.content);
      assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
    });

    test("counts tokens", async () => {
      const { input_tokens } = await client().messages.countTokens({
        model: question.model,
        messages: question.messages,
      });
      assert.ok(input_tokens > 0);
    });

    test("lists models", async () => {
      const ids = [];
      for await (const model of client().models.list()) ids.push(model.id);
      assert.ok(ids.length > 0);
    });

    test("uses beta methods, whose query is kept", async () => {
      const message = await client().beta.messages.create({ ...question, betas: ["context-1m-2025-08-07"] });
      assert.equal(message.type, "message");
    });

    for (const [status, type] of Object.entries(statuses)) {
      test(`sees ${status} as ${type}`, async () => {
        await assert.rejects(
          client().messages.create({ ...question, model: `status-${status}-${version}` }),
          (error) => {
            assert.ok(error instanceof Anthropic[type], `${error}`);
            assert.equal(error.status, Number(status));
            return true;
          },
        );
      });
    }

    test("sees an error before the first content as its status", async () => {
      await assert.rejects(
        client()
          .messages.stream({ ...question, model: `overloaded-${version}` })
          .finalMessage(),
        (error) => error instanceof Anthropic.InternalServerError && error.status === 529,
      );
    });

    test("sees a stream that breaks as an error, never as an end", async () => {
      let text = "";
      const stream = client().messages.stream({ ...question, max_tokens: 2000, model: `broken-${version}` });
      stream.on("text", (piece) => (text += piece));
      await assert.rejects(stream.finalMessage(), Anthropic.APIError);
      assert.ok(text.length > 0, "the pieces before it arrived");
    });

    test("sees refusals of the relay as errors of the API", async () => {
      await assert.rejects(
        client({ apiKey: "sk-slc-wrong" }).messages.create(question),
        Anthropic.AuthenticationError,
      );
      await assert.rejects(
        client({ apiKey: `sk-slc-${"l".repeat(43)}` }).messages.create(question),
        Anthropic.PermissionDeniedError,
      );
      await assert.rejects(client().messages.create({ ...question, model: "" }), Anthropic.BadRequestError);
      await assert.rejects(
        client({ baseURL: `${sluice.url}/nowhere` }).messages.create(question),
        Anthropic.NotFoundError,
      );
    });

    test("waits as long as it is told to, and tries again", async () => {
      const began = performance.now();
      const message = await client({ maxRetries: 2 }).messages.create({
        ...question,
        model: `later-${version}`,
      });
      assert.equal(message.type, "message");
      assert.ok(performance.now() - began >= 950);
    });

    test("stops the provider when it aborts", async () => {
      const before = (await stats()).streams.cut_by_client;
      const stream = client().messages.stream({ ...question, max_tokens: 2000, model: `slow-${version}` });
      await new Promise((resolve) => stream.once("text", resolve));
      stream.abort();
      await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
      await eventually(
        async () => (await stats()).streams.cut_by_client === before + 1,
        "the provider notices",
        1000,
      );
      await eventually(
        async () => (await sluice.metrics()).sum("sluice_streams_active") === 0,
        "no stream is active",
        1000,
      );
    });

    test("leaks nothing that a relay must keep", async () => {
      assert.equal((await stats()).leaked_headers, 0);
    });
  });
}
