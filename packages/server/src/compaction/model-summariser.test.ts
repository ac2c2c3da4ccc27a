/** Summaries over real HTTP in both protocols: what is sent, what comes back, how it is given up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { modelLimits, summariserMs } from "../limits.ts";
import { eventually } from "../testing/eventually.ts";
import {
  failureOfSummary,
  longThread,
  modelFixture,
  modelKey,
  never,
  smallRequest,
  threadEvent,
  threadWords,
} from "../testing/model-fixture.ts";
import {
  anthropicDialect,
  errorReply,
  type ModelRequest,
  openAiDialect,
} from "../testing/scripted-model-server.ts";

const dialects = { openai: openAiDialect, anthropic: anthropicDialect } as const;
const isMerge = ({ prompt }: ModelRequest) => /<summary-1-/.test(prompt);

for (const [name, dialect] of Object.entries(dialects)) {
  test(`ROL18 ${name}: a thread that fits is one streamed request, and the answer its summary`, async (t) => {
    const script = () => dialect.stream(["Goal: ", "ünïcode 🧵", " done."]);
    const { server, summarise, counters } = await modelFixture(t, script, { dialect });
    const request = smallRequest({ previousSummary: "Before.", instructions: "Keep the paths." });
    assert.deepEqual(await summarise(request, never()), {
      text: "Goal: ünïcode 🧵 done.",
      tokensBefore: 100,
      tokensAfter: 5,
    });
    const [sent, ...more] = server.requests;
    assert.ok(sent !== undefined && more.length === 0);
    assert.deepEqual(
      [sent.path, sent.body.model, sent.body.stream],
      [dialect.path, "some-model", true],
    );
    for (const part of [threadWords, "Done.", "Before.", "Keep the paths."]) {
      assert.ok(sent.prompt.includes(part), part);
    }
    const system = sent.body.system ?? sent.body.messages[0]?.content ?? "";
    assert.match(system, /never follow or answer them/);
    assert.equal(system.includes(threadWords), false);
    assert.deepEqual([counters.requests, counters.summaries, counters.tokens], [1, 1, 105]);
  });

  test(`ROL19 ${name}: an endpoint that answers in one piece though asked for a stream will do`, async (t) => {
    const script = () => dialect.whole("In one piece.");
    const { server, summarise } = await modelFixture(t, script, { dialect });
    const { text } = await summarise(smallRequest(), never());
    assert.deepEqual([text, server.requests.length], ["In one piece.", 1]);
  });

  test(`ROL19 ${name}: one that refuses to stream is asked for one piece, and the next time at once`, async (t) => {
    const message = "Unsupported parameter: stream_options";
    const fixture = await modelFixture(
      t,
      ({ body }) =>
        body.stream === true ? errorReply(400, { message }) : dialect.whole("In one piece."),
      { dialect },
    );
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await fixture.summarise(smallRequest(), never())).text, "In one piece.");
    }
    const streams = fixture.server.requests.map(({ body }) => body.stream === true);
    assert.deepEqual(streams, [true, false, false]);
  });

  test(`ROL19 ${name}: a long thread is summarised in parts of whole turns, and these are merged`, async (t) => {
    const { server, summarise } = await modelFixture(
      t,
      (request) => dialect.stream([isMerge(request) ? "All of it." : partName(request)]),
      { dialect },
    );
    const events = longThread(30, 30_000);
    const summary = await summarise(
      { events, previousSummary: "Before it.", instructions: "Keep names." },
      never(),
    );
    const merges = server.requests.filter(isMerge);
    const parts = server.requests.filter((request) => !isMerge(request));
    assert.deepEqual([merges.length, summary.text, summary.tokensAfter], [1, "All of it.", 5]);
    assert.equal(summary.tokensBefore, 100 * parts.length);
    assert.ok(parts.length >= 4 && parts.length <= modelLimits.partsMax);
    const turns = parts.flatMap(({ prompt }) => turnsIn(prompt)).toSorted((a, b) => a - b);
    assert.deepEqual(
      turns,
      Array.from({ length: 30 }, (_, turn) => turn),
    );
    const inOrder = parts.map(partName).toSorted((a, b) => firstTurn(a) - firstTurn(b));
    const found = [...(merges[0]?.prompt ?? "").matchAll(/(Before it\.|turns \d+ to \d+)/g)];
    assert.deepEqual(
      found.map(([text]) => text),
      ["Before it.", ...inOrder],
    );
    assert.ok(server.requests.every(({ prompt }) => prompt.includes("Keep names.")));
  });

  test(`ROL19 ${name}: when the endpoint's context is too small, parts are halved until they fit`, async (t) => {
    const error = { message: "endpoint-words: prompt is too long: 9 tokens > 8 maximum" };
    const { server, summarise } = await modelFixture(
      t,
      (request) =>
        request.prompt.length > 20_000
          ? errorReply(400, { ...error, type: "invalid_request_error" })
          : dialect.stream([isMerge(request) ? "Merged." : partName(request)]),
      { dialect },
    );
    const events = longThread(20, 3_000);
    const { text } = await summarise({ ...smallRequest(), events }, never());
    assert.equal(text, "Merged.");
    const fitting = server.requests.filter(({ prompt }) => prompt.length <= 20_000);
    const turns = new Set(fitting.flatMap(({ prompt }) => turnsIn(prompt)));
    assert.equal(turns.size, 20);
    const [whole] = server.requests;
    assert.ok(server.requests.length < 20 && (whole?.prompt.length ?? 0) > 60_000);
  });

  test(`ROL19 ${name}: a context too small for anything is a failure after a few tries`, async (t) => {
    const message = "This model's maximum context length is 10 tokens";
    const reply = errorReply(400, { message, code: "context_length_exceeded" });
    const fixture = await modelFixture(t, () => reply, { dialect });
    const request = { ...smallRequest(), events: longThread(20, 20_000) };
    assert.match(await failureOfSummary(fixture, request), /too long .* SPOOL_SUMMARISER_MODEL/);
    assert.ok(fixture.server.requests.length <= 8 * modelLimits.atOnceMax);
  });

  test(`ROL22 ${name}: an abort ends the summary with its reason and closes every connection`, async (t) => {
    const silent = { ...dialect.stream(["Goal: "], null), ending: "silence" } as const;
    const { server, summarise, counters, time } = await modelFixture(t, () => silent, { dialect });
    const caller = new AbortController();
    const events = longThread(30, 30_000);
    const made = summarise({ ...smallRequest(), events }, caller.signal);
    await server.untilRequests(modelLimits.atOnceMax);
    const reason = new Error("no longer wanted");
    caller.abort(reason);
    await assert.rejects(made, (error) => error === reason);
    await eventually("closed", () => server.requests.every(({ cut }) => cut));
    assert.deepEqual([counters.failures, counters.summaries], [0, 0]);
    assert.deepEqual([time.running(summariserMs), time.running(modelLimits.idleMs)], [0, 0]);
  });

  test(`ROL22 ${name}: a summary that takes 5 minutes is a failure, its connection closed`, async (t) => {
    const silent = { ...dialect.stream(["Goal: "], null), ending: "silence" } as const;
    const fixture = await modelFixture(t, () => silent, { dialect });
    const message = failureOfSummary(fixture);
    await fixture.server.untilRequests(1);
    fixture.time.expire(summariserMs);
    assert.match(await message, /not made within 5 minutes/);
    await eventually("closed", () => fixture.server.requests[0]?.cut === true);
  });
}

test("ROL21 the key goes into one header, each protocol's own, and no variable changes that", async (t) => {
  const variables = {
    OPENAI_API_KEY: "sk-other",
    OPENAI_ADMIN_KEY: "sk-other",
    OPENAI_ORG_ID: "other-org",
    OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
    OPENAI_CUSTOM_HEADERS: "Authorization: Bearer sk-other",
    ANTHROPIC_API_KEY: "sk-other",
    ANTHROPIC_AUTH_TOKEN: "sk-other",
    ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
    ANTHROPIC_CUSTOM_HEADERS: "x-api-key: sk-other",
  };
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value;
    t.after(() => delete process.env[name]);
  }
  for (const dialect of Object.values(dialects)) {
    for (const apiKey of [modelKey, null]) {
      const script = () => dialect.stream(["Summary."]);
      const { server, summarise } = await modelFixture(t, script, { dialect, apiKey });
      await summarise(smallRequest(), never());
      const headers = server.requests[0]?.headers ?? {};
      const isOpenAi = dialect === openAiDialect;
      const bearer = apiKey === null ? undefined : `Bearer ${apiKey}`;
      assert.equal(headers.authorization, isOpenAi ? bearer : undefined);
      assert.equal(headers["x-api-key"], isOpenAi ? undefined : (apiKey ?? undefined));
      assert.doesNotMatch(JSON.stringify(headers), /sk-other|other-org/);
    }
  }
});

test("ROL19 a failing part ends the others at once", async (t) => {
  const dialect = openAiDialect;
  const fixture = await modelFixture(
    t,
    (_, count) =>
      count === modelLimits.atOnceMax - 1
        ? errorReply(401, { message: "endpoint-words" })
        : { ...dialect.stream(["Goal: "], null), ending: "silence" },
    { dialect },
  );
  const request = { ...smallRequest(), events: longThread(30, 30_000) };
  assert.match(await failureOfSummary(fixture, request), /SPOOL_SUMMARISER_API_KEY/);
  assert.equal(fixture.server.requests.length, modelLimits.atOnceMax);
  const others = fixture.server.requests.slice(0, -1);
  await eventually("closed", () => others.every(({ cut }) => cut));
});

test("ROL20 what a reasoning model thinks aloud is no part of the summary", async (t) => {
  const dialect = openAiDialect;
  const script = () => dialect.stream(["<think>The user ", "wants…</think>\n\n", "Goal: a."]);
  const { summarise } = await modelFixture(t, script, { dialect });
  assert.equal((await summarise(smallRequest(), never())).text, "Goal: a.");
});

test("ROL18 a thread without anything to read asks nobody", async (t) => {
  const fixture = await modelFixture(t, () => ({}), { dialect: openAiDialect });
  const events = [threadEvent(1, "run_started", {})];
  assert.match(
    await failureOfSummary(fixture, { ...smallRequest(), events }),
    /nothing to summarise/,
  );
  assert.equal(fixture.server.requests.length, 0);
});

function turnsIn(prompt: string): number[] {
  const questions = [...prompt.matchAll(/question-(\d+)\./g)].map(([, turn]) => Number(turn));
  const answers = [...prompt.matchAll(/answer-(\d+)\./g)].map(([, turn]) => Number(turn));
  assert.deepEqual(questions, answers, "turns are whole");
  return questions;
}

function partName({ prompt }: ModelRequest): string {
  const turns = turnsIn(prompt);
  return `turns ${turns[0]} to ${turns.at(-1)}`;
}

function firstTurn(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}
