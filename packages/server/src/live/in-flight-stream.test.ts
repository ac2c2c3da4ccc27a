/** What is in flight, as a watcher and a reader over REST get it: its bound, offsets and cuts. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { liveTextsOf } from "../testing/live-texts.ts";
import { message, publish, startedThread, type TestFrame } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { inFlightBytesMax } from "./in-flight.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

/** A run to stream into; numbers its transient frames. */
class Turn {
  readonly threadId: string;
  readonly #runId: string;
  readonly #rolloutId: string;
  #number = 0;

  constructor(ids: { threadId: string; runId: string }, rolloutId: string) {
    this.threadId = ids.threadId;
    this.#runId = ids.runId;
    this.#rolloutId = rolloutId;
  }

  /** Publishes frames, those without a durable type with the next number. */
  async say(...frames: readonly TestFrame[]): Promise<void> {
    const events = frames.map((frame) => {
      if (!/_(delta|source|started)$|^tool_call_completed$/.test(frame.type)) return frame;
      this.#number += 1;
      return { ...frame, sequenceNumber: this.#number };
    });
    const ids = { threadId: this.threadId, runId: this.#runId, rolloutId: this.#rolloutId };
    const answer = await publish(server, { ...ids, events });
    assert.equal(answer.status, 200, answer.bytes.toString());
  }
}

async function startTurn(): Promise<Turn> {
  const ids = await startedThread(server);
  const { body } = await publish(server, { ...ids, events: [] });
  return new Turn(ids, body.data.rolloutId);
}

function open({ threadId }: Turn): Promise<TestWatcher> {
  return watch(server, { threadId, key: server.keys.owner });
}

function delta(text: string, more: object = {}): TestFrame {
  return { type: "assistant_message_delta", payload: { messageId: "m", delta: text, ...more } };
}

function output(text: string, more: object = {}): TestFrame {
  return { type: "tool_output_delta", payload: { toolCallId: "c", delta: text, ...more } };
}

async function readInFlight({ threadId }: Turn) {
  const path = `/v1/threads/${threadId}`;
  return (await server.request("GET", path, { key: server.keys.owner })).body.data.inFlight;
}

test("LIVE19 LIVE20 over 256 KiB the oldest text is cut, the offset says so, and it goes on from there", async () => {
  const turn = await startTurn();
  const first = await open(turn);
  let whole = "";
  for (let at = 0; at < 60; at += 1) {
    const text = `${at} "quoted"\n😀 `.repeat(500);
    await turn.say(delta(text, { offset: whole.length }));
    whole += text;
  }
  const late = await open(turn);
  const { inFlight } = late.snapshot;
  assert.ok(Buffer.byteLength(JSON.stringify(inFlight)) <= inFlightBytesMax);
  assert.deepEqual(await readInFlight(turn), inFlight);
  const [held] = inFlight.messages;
  assert.ok(held.textOffset > 0 && held.text.length > 50_000);
  assert.equal(held.text, whole.slice(held.textOffset));
  assert.ok(held.text.isWellFormed());
  await turn.say(delta("the end"));
  const end = `${whole}the end`;
  await first.until("all of it", () => liveTextsOf(first).get("text m") === end);
  const rest = end.slice(held.textOffset);
  await late.until("the rest", () => liveTextsOf(late).get("text m") === rest);
  await Promise.all([first.leave(), late.leave()]);
});

test("LIVE19 LIVE20 who joins in the middle shows the same as who was there, delta by delta", async () => {
  const turn = await startTurn();
  const first = await open(turn);
  const watchers = [first];
  const shown = { text: "", thinking: "", output: "" };
  for (let at = 0; at < 60; at += 1) {
    if (at % 6 === 3) watchers.push(await open(turn));
    const piece = `${at} é😀`;
    const name = (["text", "thinking", "output"] as const)[at % 3] as keyof typeof shown;
    const offset = at % 2 === 0 ? { offset: shown[name].length } : {};
    shown[name] += piece;
    if (name === "text") await turn.say(delta(piece, offset));
    if (name === "output") await turn.say(output(piece, { ...offset, stream: "stderr" }));
    if (name === "thinking") {
      await turn.say({ ...delta(piece, offset), type: "assistant_thinking_delta" });
    }
    const expected = [shown.text, shown.thinking, shown.output];
    for (const watcher of watchers) {
      await watcher.until(`delta ${at}`, () => {
        const texts = liveTextsOf(watcher);
        const names = ["text m", "thinking m", "output c"];
        return names.every((one, index) => (texts.get(one) ?? "") === expected[index]);
      });
    }
  }
  await Promise.all(watchers.map((watcher) => watcher.leave()));
});

test("LIVE19 what had its last word is taken out piece by piece, all of it at the end of the run", async () => {
  const turn = await startTurn();
  const started = { type: "tool_call_started", payload: { toolCallId: "c", name: "ls" } };
  await turn.say(delta("one"), delta("two", { messageId: "n" }), started, output("out"));
  const namesOf = async () => {
    const inFlight = await readInFlight(turn);
    const watcher = await open(turn);
    assert.deepEqual(watcher.snapshot.inFlight, inFlight);
    await watcher.leave();
    return [
      ...(inFlight?.messages ?? []).map(({ messageId }: { messageId: string }) => messageId),
      ...(inFlight?.toolCalls ?? []).map(({ toolCallId }: { toolCallId: string }) => toolCallId),
    ];
  };
  assert.deepEqual(await namesOf(), ["m", "n", "c"]);
  await turn.say(message("one", { messageId: "m" }));
  assert.deepEqual(await namesOf(), ["n", "c"]);
  await turn.say({ type: "tool_result", payload: { toolCallId: "c", output: "out" } });
  assert.deepEqual(await namesOf(), ["n"]);
  await turn.say({ type: "run_completed", payload: { status: "completed" } });
  assert.equal(await readInFlight(turn), null);
  assert.deepEqual(await namesOf(), []);
});

test("LIVE20 LIVE21 an overlap is left out, a gap is a cut: for who was there and who joins", async () => {
  const turn = await startTurn();
  const first = await open(turn);
  await turn.say(delta("abcdef", { offset: 0 }), delta("defghi", { offset: 3 }));
  await turn.say(delta("bcd", { offset: 1 }), delta("jkl", { offset: 9 }));
  await first.until("the text", () => liveTextsOf(first).get("text m") === "abcdefghijkl");
  await turn.say(delta("xyz", { offset: 100 }), output("err", { stream: "stderr", offset: 50 }));
  await first.until("both cuts", ({ tail }) => tail.filter(({ frame }) => frame.cut).length === 2);
  const late = await open(turn);
  const { messages, toolCalls } = late.snapshot.inFlight;
  assert.deepEqual([messages[0].text, messages[0].textOffset], ["xyz", 100]);
  assert.deepEqual([toolCalls[0].output, toolCalls[0].outputOffset], ["err", 50]);
  await turn.say(delta("!"), output("out", { stream: "stdout" }));
  for (const watcher of [first, late]) {
    await watcher.until("what follows", () => liveTextsOf(watcher).get("output c") === "errout");
    const last = watcher.tail.slice(-2).map(({ frame }) => [frame.payload.offset, frame.cut]);
    assert.deepEqual(last, [
      [103, undefined],
      [53, undefined],
    ]);
  }
  await Promise.all([first.leave(), late.leave()]);
});
