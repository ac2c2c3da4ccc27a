/** Every durable frame once, in order, byte for byte, for watchers that join at any moment. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { liveTextsOf } from "../testing/live-texts.ts";
import {
  compaction,
  message,
  publish,
  runStarted,
  startedThread,
  type TestFrame,
} from "../testing/published-threads.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { positionOfLine, type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, publishAll, storedLines } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

type Ids = { readonly threadId: string; readonly runId: string };

function open({ threadId }: Ids, query: Record<string, string> = {}): Promise<TestWatcher> {
  return watch(server, { threadId, key: server.keys.owner, query });
}

/** Publishes into a thread as fast as answers come: messages, deltas between them, compactions. */
class Load {
  readonly ids: Ids;
  sequence = 1;
  readonly #random: SeededRandom;
  #isOver = false;
  #transients = 0;
  #messageId = "m0";
  #rolloutId = "";

  constructor(ids: Ids, seed: number) {
    this.ids = ids;
    this.#random = new SeededRandom(seed);
  }

  /** Goes on until `stop`, mostly with two requests under way. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      if (this.#random.chance(0.05)) await this.#send(compaction("so far"));
      else await Promise.all([this.#send(this.#frames()), this.#send(this.#frames())]);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async #send(events: TestFrame[]): Promise<void> {
    const rollout = this.#rolloutId === "" ? {} : { rolloutId: this.#rolloutId };
    const answer = await publish(server, { ...this.ids, ...rollout, events });
    assert.equal(answer.status, 200, answer.bytes.toString());
    const { sequence, rolloutId } = answer.body.data;
    this.sequence = Math.max(this.sequence, sequence);
    this.#rolloutId = rolloutId;
  }

  #frames(): TestFrame[] {
    const count = 1 + this.#random.below(12);
    return Array.from({ length: count }, () => this.#frame());
  }

  /** A message of its own, a part of the one being written, or the end of that one. */
  #frame(): TestFrame {
    const random = this.#random;
    if (this.#rolloutId === "" || random.chance(0.6)) return message("x".repeat(random.below(200)));
    const messageId = this.#messageId;
    this.#transients += 1;
    const sequenceNumber = this.#transients;
    if (random.chance(0.2)) {
      this.#messageId = `m${sequenceNumber}`;
      return message("whole", { messageId });
    }
    const payload = { messageId, delta: `${sequenceNumber} ` };
    return { type: "assistant_message_delta", payload, sequenceNumber };
  }
}

/** What came behind the snapshot, in order: `e` and sequence, or `t` and sequenceNumber. */
function marksOf({ tail }: TestWatcher): string[] {
  return tail.flatMap(({ frame }) => {
    if (frame.sequence !== undefined) return [`e${frame.sequence}`];
    return frame.sequenceNumber === undefined ? [] : [`t${frame.sequenceNumber}`];
  });
}

test("LIVE5 LIVE22 PUB18 20 watchers that join at random moments all see the same in the same order", async () => {
  const ids = await startedThread(server);
  const random = new SeededRandom(5);
  const load = new Load(ids, 55);
  const first = await open(ids, { include: "all_rollouts" });
  const loading = load.run();
  const joins = Array.from({ length: 20 }, async () => {
    const moment = 1 + random.below(1_500);
    await first.untilSequence(moment);
    if (random.chance(0.5))
      return { watcher: await open(ids, { include: "all_rollouts" }), from: 0 };
    const from = random.below(moment);
    return { watcher: await open(ids, { after: String(from) }), from };
  });
  const watchers = [{ watcher: first, from: 0 }, ...(await Promise.all(joins))];
  for (const { watcher } of watchers) {
    // Whoever is shown a delta is live, however the load goes on.
    await watcher.until("a delta", () => marksOf(watcher).some((mark) => mark.startsWith("t")));
  }
  const allLive = load.sequence + 1;
  await first.untilSequence(allLive + 200);
  load.stop();
  await loading;

  const history = await historyOf(server, ids.threadId);
  assert.equal(history.length, load.sequence);
  const fence = await publishAll(server, ids, [message("the end")]);
  await Promise.all(watchers.map(({ watcher }) => watcher.untilSequence(fence)));
  const order = marksOf(first).slice(marksOf(first).indexOf(`e${allLive}`));
  const texts = liveTextsOf(first);
  for (const { watcher, from } of watchers) {
    const known = watcher.events.slice(0, -1).map(({ text }) => text);
    assert.deepEqual(known, history.slice(from));
    const marks = marksOf(watcher);
    assert.deepEqual(marks.slice(marks.indexOf(`e${allLive}`)), order, "deltas included");
    assert.deepEqual(liveTextsOf(watcher), texts);
    await watcher.leave();
  }
});

test("LIVE8 200 joins during heavy publishing: each event is in the snapshot or follows it", async () => {
  const ids = await startedThread(server);
  const load = new Load(ids, 8);
  const loading = load.run();
  const seen: TestWatcher[] = [];
  for (let join = 0; join < 200; join += 1) {
    const last = seen.at(-1);
    const resumes = last !== undefined && join % 2 === 1;
    // The watcher fails by itself at a hole or a double between snapshot and frames.
    const watcher = await open(ids, resumes ? { after: last.position } : {});
    assert.equal(watcher.snapshot.resumed, resumes);
    await watcher.untilSequence(watcher.snapshot.sequence + 3);
    seen.push(watcher);
    await watcher.drop();
  }
  load.stop();
  await loading;
  const history = await historyOf(server, ids.threadId);
  for (const { events } of seen) {
    for (const { sequence, text } of events) assert.equal(text, history[sequence - 1]);
  }
  const rolloutsBegun = new Set(seen.map(({ snapshot }) => snapshot.events[0]?.sequence));
  assert.ok(rolloutsBegun.size > 2, "rollouts turned meanwhile");
});

/** Payloads whose text is easily changed by reading and printing it again. */
const oddPayloads = [
  '{"content":"line\\u2028separator \\ud83d\\ude00 \\ud800 lone, \\u0000 and \\u007f"}',
  '{"content":"Gr\u00fc\u00dfe \u65e5\u672c\u8a9e \ud83d\udc69\u200d\ud83d\udcbb","__proto__":{"a":1}}',
  '{"content":"numbers","n":[1.50,1e21,-0,0.1,1e-7,9007199254740993,123456789012345678901234567890]}',
  '{"content":"order","b":1,"10":2,"a":3,"2":4,"":5}',
  `{"content":"${"deep".repeat(50)}","x":${"[".repeat(100)}${"]".repeat(100)}}`,
  '{"content":[{"type":"text","text":"tab\\tquote\\"slash\\/"},{"type":"image","x":null}]}',
];

test("LIVE6 LOG2 WIRE14 a durable frame's text is the stored line byte for byte, and gives its position", async () => {
  const ids = await startedThread(server);
  const watcher = await open(ids);
  const occurredAt = "2026-01-01T00:00:00+02:00";
  for (const payload of oddPayloads) {
    const frame = `{"type":"assistant_message","payload":${payload},"occurredAt":"${occurredAt}"}`;
    const answer = await server.request("POST", "/v1/thread-events", {
      key: server.keys.owner,
      body: `{"threadId":"${ids.threadId}","runId":"${ids.runId}","events":[${frame}]}`,
    });
    assert.equal(answer.status, 200, answer.bytes.toString());
  }
  await watcher.untilSequence(1 + oddPayloads.length);
  const lines = await storedLines(server, ids.threadId);
  assert.deepEqual(
    watcher.tail.map(({ text }) => text),
    lines.slice(1),
  );
  const positionOnHead = watcher.position;
  assert.equal(positionOnHead, positionOfLine(lines.length, lines.at(-1) as string));
  await watcher.drop();
  for (const [index, line] of lines.entries()) {
    const again = await open(ids, { after: positionOfLine(index + 1, line) });
    assert.equal(again.snapshot.resumed, true, line);
    assert.equal(again.snapshot.position, positionOnHead);
    const spliced = `"events":[${lines.slice(index + 1).join(",")}]`;
    assert.ok(again.frames[0]?.text.includes(spliced), "the snapshot holds the lines as they are");
    await again.leave();
  }
});

test("LIVE5 LIVE6 the two events around a turn of the rollout come in order, with their own rollouts", async () => {
  const ids = await startedThread(server);
  const watcher = await open(ids);
  await publishAll(server, ids, [...compaction("short"), message("on")]);
  await watcher.untilSequence(4);
  const rollouts = watcher.tail.map(({ frame }) => frame.rolloutId);
  assert.equal(rollouts[0], watcher.snapshot.thread.activeRolloutId);
  assert.notEqual(rollouts[1], rollouts[0]);
  assert.equal(rollouts[2], rollouts[1]);
  assert.deepEqual(
    watcher.tail.map(({ text }) => text),
    (await storedLines(server, ids.threadId)).slice(1),
  );
  await watcher.leave();
});

test("LIVE5 events of another thread, or of the same id in another org, never arrive", async () => {
  const ids = await startedThread(server);
  const { threadId } = ids;
  const watcher = await open(ids);
  const foreign = { key: server.keys.other, threadId, runId: "run_foreign" };
  const started = await publish(server, { ...foreign, events: [runStarted(), message("theirs")] });
  assert.equal(started.status, 200);
  const theirs = await watch(server, { threadId, key: server.keys.other });
  await publish(server, { ...foreign, events: [message("theirs too")] });
  await publishAll(server, ids, [message("ours")]);
  await Promise.all([watcher.untilSequence(2), theirs.untilSequence(3)]);
  assert.ok(!JSON.stringify(watcher.frames).includes("theirs"));
  assert.ok(!JSON.stringify(theirs.frames).includes("ours"));
  await Promise.all([watcher.leave(), theirs.leave()]);
});
