/** What a model's endpoint may do wrong, over real HTTP in both protocols, and what comes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { summaryCharactersMax } from "@spool/protocol/limits";
import { modelLimits, summariserMs } from "../limits.ts";
import { eventually } from "../testing/eventually.ts";
import {
  failureOfSummary,
  modelFixture,
  never,
  smallRequest,
  threadWords,
} from "../testing/model-fixture.ts";
import {
  anthropicDialect,
  errorReply,
  jsonReply,
  type ModelReply,
  openAiDialect,
} from "../testing/scripted-model-server.ts";

const dialects = { openai: openAiDialect, anthropic: anthropicDialect } as const;
// What an endpoint says may hold anything; nothing of it may be shown.
const said = { message: `endpoint-words ${threadWords} sk-key-that-nobody-may-see` };
const eventStream = { "content-type": "text/event-stream" };
const { attemptsMax } = modelLimits;

for (const [name, dialect] of Object.entries(dialects)) {
  const good = dialect.stream(["Summary."]);

  test(`ROL19 ${name}: 429 is asked again after as long as it says, in seconds or by a date`, async (t) => {
    const replies = [
      errorReply(429, said, { "retry-after": "7" }),
      errorReply(429, said, {
        date: "Sat, 31 Jan 2026 12:00:00 GMT",
        "retry-after": "Sat, 31 Jan 2026 12:00:11 GMT",
      }),
      errorReply(429, said, { "retry-after-ms": "250" }),
      good,
    ];
    const script = (_: unknown, count: number) => replies[count] as ModelReply;
    const { summarise, time, counters, logged } = await modelFixture(t, script, { dialect });
    assert.equal((await summarise(smallRequest(), never())).text, "Summary.");
    assert.deepEqual(time.pauses, [7_000, 11_000, 250]);
    assert.deepEqual([counters.requests, counters.retries, counters.failures], [4, 3, 0]);
    assert.equal(logged.length, 3);
    assert.doesNotMatch(logged.join(), /endpoint-words|sk-key/);
  });

  test(`ROL19 ${name}: one that asks for more time than there is fails at once`, async (t) => {
    const seconds = String(summariserMs / 1_000);
    const reply = errorReply(429, said, { "retry-after": seconds });
    const fixture = await modelFixture(t, () => reply, { dialect });
    assert.match(await failureOfSummary(fixture), /429.*later/);
    assert.deepEqual([fixture.server.requests.length, fixture.time.pauses], [1, []]);
  });

  test(`ROL19 ${name}: failures that may pass are asked again, with doubled waits`, async (t) => {
    const replies: ModelReply[] = [
      errorReply(500, said),
      { pieces: [], ending: "cut" },
      { ...dialect.stream(["Half a "], null), ending: "cut" },
      { status: 529, headers: { "content-type": "text/html" }, pieces: ["<html>"] },
      good,
    ];
    const script = (_: unknown, count: number) => replies[count] as ModelReply;
    const { summarise, time } = await modelFixture(t, script, { dialect });
    assert.equal((await summarise(smallRequest(), never())).text, "Summary.");
    assert.deepEqual(time.pauses, [750, 1_500, 3_000, 6_000]);
  });

  for (const status of [408, 409, 425, 429, 500, 502, 503, 504, 529]) {
    test(`ROL19 ROL21 ${name}: ${status} again and again is a failure after five attempts`, async (t) => {
      const fixture = await modelFixture(t, () => errorReply(status, said), { dialect });
      assert.match(await failureOfSummary(fixture), new RegExp(String(status)));
      assert.equal(fixture.server.requests.length, attemptsMax);
    });
  }

  for (const [status, check] of [
    [400, /SPOOL_SUMMARISER_MODEL/],
    [401, /SPOOL_SUMMARISER_API_KEY/],
    [402, /account/],
    [403, /SPOOL_SUMMARISER_API_KEY and SPOOL_SUMMARISER_MODEL/],
    [404, /SPOOL_SUMMARISER_URL and SPOOL_SUMMARISER_MODEL/],
    [422, /SPOOL_SUMMARISER_MODEL/],
  ] as const) {
    test(`ROL19 ROL21 ${name}: ${status} fails at once and says what to check`, async (t) => {
      const fixture = await modelFixture(t, () => errorReply(status, said), { dialect });
      const message = await failureOfSummary(fixture);
      assert.match(message, check);
      assert.match(message, new RegExp(String(status)));
      assert.equal(fixture.server.requests.length, 1);
    });
  }

  test(`ROL19 ROL21 ${name}: a redirect is not followed, with its key and thread`, async (t) => {
    const other = await modelFixture(t, () => good, { dialect });
    const location = other.server.addressOf(dialect.path);
    const fixture = await modelFixture(t, () => ({ status: 307, headers: { location } }), {
      dialect,
    });
    assert.match(await failureOfSummary(fixture), /redirects \(307\)/);
    assert.deepEqual([fixture.server.requests.length, other.server.requests.length], [1, 0]);
  });

  test(`ROL19 ${name}: a quota that is used up does not come back by asking`, async (t) => {
    const reply = errorReply(429, { ...said, type: "insufficient_quota" });
    const fixture = await modelFixture(t, () => reply, { dialect });
    // Anthropic's errors carry the type one level deeper; its words are matched either way.
    const words = errorReply(429, { message: "your credit balance is too low", type: "x" });
    fixture.server.script = () => (dialect === openAiDialect ? reply : words);
    assert.match(await failureOfSummary(fixture), /quota/);
    assert.equal(fixture.server.requests.length, 1);
  });

  test(`ROL19 ${name}: a stream that falls silent is given up, closed and asked again`, async (t) => {
    const silent: ModelReply = { ...dialect.stream(["Half a "], null), ending: "silence" };
    const { server, summarise, time } = await modelFixture(
      t,
      (_, count) => (count === 0 ? silent : good),
      { dialect },
    );
    const made = summarise(smallRequest(), never());
    await server.untilRequests(1);
    time.expire(modelLimits.idleMs);
    assert.equal((await made).text, "Summary.");
    assert.equal(time.pauses.length, 1);
    await eventually("closed", () => server.requests[0]?.cut === true);
    assert.equal(time.running(modelLimits.idleMs), 0);
  });

  test(`ROL20 ${name}: a whole answer counts though its stream is never ended`, async (t) => {
    const open: ModelReply = { ...good, ending: "silence" };
    const { server, summarise } = await modelFixture(t, () => open, { dialect });
    assert.equal((await summarise(smallRequest(), never())).text, "Summary.");
    await eventually("closed", () => server.requests[0]?.cut === true);
  });

  test(`ROL19 ${name}: an endpoint that never answers is a failure after five silences`, async (t) => {
    const fixture = await modelFixture(t, () => ({ ending: "silence" }), { dialect });
    const message = failureOfSummary(fixture);
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      await fixture.server.untilRequests(attempt);
      fixture.time.expire(modelLimits.idleMs);
    }
    assert.match(await message, /fell silent/);
  });

  test(`ROL20 ROL21 ${name}: nonsense of each kind is a failure at once`, async (t) => {
    const page = ["<!doctype html><p>endpoint-words"];
    const fixture = await modelFixture(t, () => good, { dialect });
    for (const reply of [
      { headers: { "content-type": "text/html" }, pieces: page },
      { headers: { "content-type": "application/json" }, pieces: page },
      { headers: eventStream, pieces: page },
      { headers: { "content-type": "application/json" }, pieces: ['{"endpoint-words":'] },
      { headers: { "content-type": "application/json" }, pieces: [] },
      { headers: {}, pieces: ["endpoint-words"] },
      { headers: eventStream, pieces: [] },
      { headers: eventStream, pieces: ["event: message_start\ndata: {endpoint-words\n\n"] },
      { headers: eventStream, pieces: ["event: message_start\ndata: null\n\n"] },
      { headers: eventStream, pieces: ['event: message_stop\ndata: {"type":7,"choices":7}\n\n'] },
      { status: 204 },
      jsonReply(null),
      jsonReply([]),
      jsonReply("endpoint-words"),
      jsonReply({ choices: "endpoint-words", content: "endpoint-words" }),
      jsonReply({ choices: [null], content: [null], stop_reason: "end_turn" }),
      jsonReply({ choices: [{ message: { content: 7 }, finish_reason: "stop" }] }),
      dialect.whole(""),
      dialect.whole(" \n"),
      dialect.stream([]),
      dialect.stream([" ", "\n"]),
      dialect.stream(["Half a "], null),
    ] satisfies ModelReply[]) {
      fixture.server.script = () => reply;
      const requests = fixture.server.requests.length;
      assert.match(await failureOfSummary(fixture), /SPOOL_SUMMARISER_URL/, JSON.stringify(reply));
      assert.equal(fixture.server.requests.length, requests + 1, JSON.stringify(reply));
    }
  });

  test(`ROL20 ${name}: an answer cut off at its limit, refused, or turned into a call is no summary`, async (t) => {
    const fixture = await modelFixture(t, () => good, { dialect });
    const calls = dialect === openAiDialect ? "tool_calls" : "tool_use";
    for (const [stop, words] of [
      [dialect.lengthStop, /cut off/],
      [dialect.refusalStop, /refused/],
      [calls, /call a tool/],
    ] as const) {
      for (const reply of [dialect.stream(["Half a "], stop), dialect.whole("Half a ", stop)]) {
        fixture.server.script = () => reply;
        assert.match(await failureOfSummary(fixture), words);
      }
    }
  });

  test(`ROL20 ${name}: a summary longer than may be is a failure, and the rest is not read`, async (t) => {
    const piece = "x".repeat(summaryCharactersMax / 2);
    const long = { ...dialect.stream([piece, piece, "x"], null), ending: "silence" } as const;
    const fixture = await modelFixture(t, () => long, { dialect });
    assert.match(await failureOfSummary(fixture), /longer than 262144 characters/);
    await eventually("closed", () => fixture.server.requests[0]?.cut === true);
  });

  test(`ROL20 ${name}: an answer without end in one line takes no memory without end`, async (t) => {
    const pieces = Array<string>(80).fill("x".repeat(1024 * 1024));
    const endless: ModelReply = { headers: eventStream, pieces: ["data: ", ...pieces] };
    const fixture = await modelFixture(t, () => endless, { dialect });
    assert.match(await failureOfSummary(fixture), /more than a summary can be/);
    await eventually("closed", () => fixture.server.requests[0]?.cut === true);
  });

  test(`ROL19 ${name}: an error in the middle of a stream is asked again if it may pass`, async (t) => {
    const inStream = (type: string): ModelReply => {
      const error = JSON.stringify({ type: "error", error: { ...said, type } });
      const { pieces = [] } = dialect.stream(["Half a "], null);
      return { headers: eventStream, pieces: [...pieces, `event: error\ndata: ${error}\n\n`] };
    };
    const fixture = await modelFixture(
      t,
      (_, count) => (count === 0 ? inStream("overloaded_error") : good),
      { dialect },
    );
    assert.equal((await fixture.summarise(smallRequest(), never())).text, "Summary.");
    assert.equal(fixture.time.pauses.length, 1);
    fixture.server.script = () => inStream("invalid_request_error");
    assert.match(await failureOfSummary(fixture), /broke off/);
    assert.equal(fixture.server.requests.length, 3);
  });

  test(`ROL19 ${name}: an endpoint that is not there says to check the URL`, async (t) => {
    const fixture = await modelFixture(t, () => good, { dialect });
    await fixture.server.close();
    assert.match(await failureOfSummary(fixture), /Check SPOOL_SUMMARISER_URL/);
    assert.equal(fixture.counters.requests, attemptsMax);
  });
}
