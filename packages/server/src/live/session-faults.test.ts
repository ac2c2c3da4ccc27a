/**
 * Sessions over a bus that drops, repeats and reorders, on the real embedded store: once any later
 * message arrives, each has sent every durable frame once and in order.
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { parsePublish } from "@spool/protocol/publish-parser";
import type { Principal } from "../auth/principal.ts";
import { openEmbeddedStore } from "../store/embedded/open-embedded-store.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { eventually, settled } from "../testing/eventually.ts";
import { clocksOf } from "../testing/fake-clock.ts";
import { FaultyBus } from "../testing/faulty-bus.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { threadView } from "../threads/resource-view.ts";
import { ThreadCommands } from "../threads/thread-commands.ts";
import { Hub } from "./hub.ts";
import type { LiveBus } from "./live-bus.ts";
import { MemoryBus } from "./memory-bus.ts";
import { Outlet } from "./outlet.ts";
import { Session } from "./session.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

const key = { orgId: "acme", threadId: "thr_1" };
const alice: Principal = {
  orgId: "acme",
  userId: "alice",
  role: "member",
  scopes: ["*"],
  credential: { type: "api_key", id: null, expiresAt: null },
  keyId: null,
};

/** What a watcher received, as server-sent events, which are easily read back. */
class Received {
  readonly stream: Writable;
  #text = "";

  constructor() {
    this.stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#text += chunk.toString("utf8");
        done();
      },
    });
  }

  /** Durable events in the order received, those of the snapshot first, as their lines. */
  lines(): string[] {
    return this.#frames().flatMap((frame) => {
      if (frame.type === "snapshot") return frame.events.map((event) => JSON.stringify(event));
      return frame.sequence === undefined ? [] : [JSON.stringify(frame)];
    });
  }

  /** Offsets at which the deltas stand, and their cuts. */
  deltas(): { offset: number; end: number; cut: boolean }[] {
    return this.#frames().flatMap(({ type, payload, cut }) => {
      if (type !== "assistant_message_delta") return [];
      const { delta, offset } = payload;
      return [{ offset, end: offset + delta.length, cut: cut === true }];
    });
  }

  #frames(): Frame[] {
    const blocks = this.#text.split("\n\n").slice(0, -1);
    return blocks.map((block) => JSON.parse(block.slice(block.indexOf("data: ") + 6)));
  }
}

type Frame = {
  type: string;
  sequence?: number;
  events: object[];
  payload: { delta: string; offset: number };
  cut?: boolean;
};

function startSession(store: ThreadStore, bus: LiveBus, hub: Hub) {
  const received = new Received();
  const session = new Session({
    key,
    access: "owner",
    options: { after: null, transient: true, allRollouts: true },
    outlet: new Outlet(received.stream, hub.scheduler),
    encoding: "sse",
    store,
    bus,
    hub,
    snapshots: new SnapshotReader(store),
    threadView: (row) => threadView(row, "owner"),
    olderCursor: () => "",
    onEnd: ({ code }) => assert.fail(`ended with ${code}`),
    onError: (error) => assert.fail(String(error)),
  });
  void session.start();
  return { session, received };
}

async function openParts(t: TestContext, bus: LiveBus) {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "spool-faults-"));
  const now = () => performance.now();
  const store = await openEmbeddedStore({ dataDir, now, log: () => undefined });
  t.after(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  let ids = 0;
  const newId = (prefix: string) => {
    ids += 1;
    return `${prefix}_${ids}`;
  };
  const commands = new ThreadCommands({
    store,
    bus,
    clocks: () => clocksOf(Date.now()),
    newId,
    lanesMax: 10,
  });
  const publish = (events: object[], rolloutId?: string) => {
    const place = rolloutId === undefined ? {} : { rolloutId };
    const request = parsePublish({ ...place, runId: "run_1", events }, "thr_1");
    return commands.execute(key, alice, { kind: "publish", request });
  };
  return { store, publish };
}

async function storedLines(store: ThreadStore): Promise<string[]> {
  const range = { rolloutId: null, from: 1, to: Number.MAX_SAFE_INTEGER, order: "asc" } as const;
  const limits = { type: null, limit: 100_000, bytesMax: Number.MAX_SAFE_INTEGER };
  const { lines } = await store.readEvents({ key, ...range, ...limits });
  return lines.map((line) => JSON.stringify(JSON.parse(line.toString("utf8"))));
}

const faults = { drop: 0.2, repeat: 0.2, reorder: 0.3 };

for (const seed of [1, 2, 3, 4, 5]) {
  test(`LIVE5 LIVE8 over a bus that loses, repeats and reorders nothing is missing, seed ${seed}`, async (t) => {
    const random = new SeededRandom(seed);
    const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(seed * 7), faults });
    const { store, publish } = await openParts(t, bus);
    await publish([{ type: "run_started", payload: {} }]);
    const hub = new Hub(bus);
    const sessions: ReturnType<typeof startSession>[] = [];
    for (let step = 0; step < 150; step += 1) {
      if (step % 25 === 0) sessions.push(startSession(store, bus, hub));
      const count = 1 + random.below(4);
      await publish(
        Array.from({ length: count }, (_, at) => {
          return { type: "assistant_message", payload: { content: `${step}.${at}` } };
        }),
      );
      if (random.chance(0.3)) await settled(random.below(3));
    }
    bus.flush();
    const isComplete = async () => {
      const lines = await storedLines(store);
      return sessions.every(({ received }) => received.lines().length >= lines.length);
    };
    // The last hint may be lost for good; a later message that arrives brings everything.
    await eventually("all of it at every watcher", async () => {
      await publish([{ type: "custom", payload: { name: "later", data: null } }]);
      bus.flush();
      await settled(20);
      return isComplete();
    });
    const lines = await storedLines(store);
    for (const { session, received } of sessions) {
      assert.deepEqual(received.lines(), lines);
      session.end();
    }
    assert.equal(hub.size, 0);
  });
}

test("LIVE21 text behind a delta that was lost is a cut, and so is text shown again behind a hole", async (t) => {
  const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(1), faults: {} });
  const { store, publish } = await openParts(t, bus);
  const { rolloutId } = (await publish([{ type: "run_started", payload: {} }])).head.rollout;
  const hub = new Hub(bus);
  const { session, received } = startSession(store, bus, hub);
  await settled();
  const say = async (sequenceNumber: number, offset: number) => {
    const payload = { messageId: "m", delta: "abc", offset };
    const frame = { type: "assistant_message_delta", payload, sequenceNumber };
    await publish([frame], rolloutId);
    await settled();
  };
  const note = () => publish([{ type: "custom", payload: { name: "n", data: null } }]);
  await say(1, 0);
  bus.loseNext();
  await say(2, 3);
  await say(3, 6);
  // The event and the owner's list are told of one after the other; both are lost.
  bus.loseNext(2);
  await note();
  await note();
  await eventually("both events", () => received.lines().length === 3);
  await eventually("the text again", () => received.deltas().length === 3);
  await say(4, 9);
  assert.deepEqual(received.deltas(), [
    { offset: 0, end: 3, cut: false },
    { offset: 6, end: 9, cut: true },
    { offset: 6, end: 9, cut: true },
    { offset: 9, end: 12, cut: false },
  ]);
  session.end();
});
