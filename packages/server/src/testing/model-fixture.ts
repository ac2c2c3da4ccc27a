/**
 * A model summariser before a real endpoint on loopback, and threads for it to read. Used by the
 * tests of `compaction/`. Faults: those of `scripted-model-server.ts`.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { ModelCounters } from "../compaction/model-counters.ts";
import { createModelSummariser } from "../compaction/model-summariser.ts";
import { type Summariser, SummariserError, type SummaryRequest } from "../compaction/summariser.ts";
import type { LogFields } from "../ops/log.ts";
import { FakeModelTime } from "./model-time.ts";
import { type ModelDialect, type ModelScript, ModelServer } from "./scripted-model-server.ts";

/** The key of every fixture; it must show up in headers alone. */
export const modelKey = "sk-key-that-nobody-may-see";

/** A summariser and what stands around it. */
export type ModelFixture = {
  readonly server: ModelServer;
  readonly summarise: Summariser;
  readonly time: FakeModelTime;
  readonly counters: ModelCounters;
  /** What was logged, as JSON. */
  readonly logged: string[];
};

/** Starts an endpoint and a summariser before it; closed with the test. */
export async function modelFixture(
  t: TestContext,
  script: ModelScript,
  options: { readonly dialect: ModelDialect; readonly apiKey?: string | null },
): Promise<ModelFixture> {
  const server = new ModelServer(script);
  await server.open();
  const url = new URL(server.addressOf(options.dialect.path));
  t.after(() => server.close());
  const [time, counters, logged] = [new FakeModelTime(), new ModelCounters(), [] as string[]];
  const line = (fields: LogFields, message: string) => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log = { debugs: true, debug: line, info: line, warn: line, error: line };
  const { apiKey = modelKey } = options;
  const settings = { url, model: "some-model", apiKey };
  const summarise = createModelSummariser(settings, { time, counters, log });
  return { server, summarise, time, counters, logged };
}

/** An event of a thread, as far as summaries look at it. */
export function threadEvent(sequence: number, type: string, payload: Event["payload"]): Event {
  return {
    sequence,
    type,
    threadId: "thr_1",
    rolloutId: "rol_1",
    runId: "run_1",
    createdAt: "2026-01-31T12:00:00.000Z",
    payload,
  };
}

/** What the thread of `smallRequest` says; no error may hold it. */
export const threadWords = "words-of-the-thread";

/** A request for a thread that fits. */
export function smallRequest(rest: Partial<SummaryRequest> = {}): SummaryRequest {
  const events = [
    threadEvent(1, "user_message", { content: threadWords }),
    threadEvent(2, "assistant_message", { content: "Done." }),
  ];
  return { events, previousSummary: null, instructions: null, ...rest };
}

/** Turns of a message and its answer, numbered, of about that many characters each. */
export function longThread(turns: number, characters: number): Event[] {
  return Array.from({ length: turns }, (_, turn) => [
    threadEvent(2 * turn + 1, "user_message", { content: `question-${turn}.` }),
    threadEvent(2 * turn + 2, "assistant_message", {
      content: `answer-${turn}. ${"x".repeat(characters)}`,
    }),
  ]).flat();
}

/** A signal that never comes. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/**
 * The message of the summary's failure. Asserts what holds for each (ROL21): a SummariserError of
 * one short line that says what to do, with neither key nor thread nor the endpoint's words in it
 * or in the log.
 */
export async function failureOfSummary(
  { summarise, logged, counters }: ModelFixture,
  request: SummaryRequest = smallRequest(),
): Promise<string> {
  const failures = counters.failures;
  const error: unknown = await summarise(request, never()).then(
    () => assert.fail("the summary was made"),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof SummariserError, String((error as Error).stack));
  assert.equal(counters.failures, failures + 1);
  assert.equal(error.cause, undefined);
  assert.ok(error.message.length <= 300);
  assert.match(error.message, /^[^\n]+\. [^\n]+\.$/);
  for (const text of [error.message, ...logged]) {
    assert.doesNotMatch(text, new RegExp(`${modelKey}|${threadWords}|endpoint-words|sk-`));
  }
  return error.message;
}
