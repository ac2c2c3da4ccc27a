/**
 * Proves the bus of one process: the contract of every bus, and what only this one promises, being
 * exact and synchronous. Also that the faulty bus for tests has its faults and no others.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeEvent } from "../store/event-line.ts";
import { FaultyBus } from "../testing/faulty-bus.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { testLiveBus } from "./live-bus.contract.ts";
import type { BusMessage } from "./live-bus.ts";
import { MemoryBus } from "./memory-bus.ts";

const key = { orgId: "acme", threadId: "thr_1" };
const event = (sequence: number): BusMessage => {
  const made = encodeEvent({
    sequence,
    type: "custom",
    threadId: "thr_1",
    rolloutId: "rol_1",
    runId: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    payload: { name: "n", data: null },
  });
  return { kind: "event", sequence, event: made.event, line: made.line };
};

testLiveBus("in process", async () => {
  const bus = new MemoryBus();
  const nothingToWaitFor = async () => undefined;
  return {
    publisher: bus,
    watcher: bus,
    subscribed: nothingToWaitFor,
    delivered: nothingToWaitFor,
    close: nothingToWaitFor,
  };
});

testLiveBus("faulty without faults", async () => {
  const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(1), faults: {} });
  return {
    publisher: bus,
    watcher: bus,
    subscribed: async () => undefined,
    delivered: async () => bus.flush(),
    close: async () => undefined,
  };
});

test("LIVE5 the bus of one process calls its listeners within the publish, in their order", () => {
  const bus = new MemoryBus();
  const calls: string[] = [];
  for (const name of ["first", "second"]) bus.subscribe(key, () => calls.push(name));
  bus.publish(key, [event(1)]);
  assert.deepEqual(calls, ["first", "second"]);
});

test("LIVE6 the bus of one process hands on the same bytes, not a copy", () => {
  const bus = new MemoryBus();
  const message = event(1);
  let heard: readonly BusMessage[] = [];
  bus.subscribe(key, (messages) => {
    heard = messages;
  });
  bus.publish(key, [message]);
  assert.equal(heard[0], message);
});

/** What a listener heard of 200 publishes of one event each. */
function heardThrough(
  faults: ConstructorParameters<typeof FaultyBus>[1]["faults"],
  seed: number,
): number[] {
  const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(seed), faults });
  const heard: number[] = [];
  bus.subscribe(key, (messages) => {
    for (const message of messages) if (message.kind === "event") heard.push(message.sequence);
  });
  for (let sequence = 1; sequence <= 200; sequence += 1) bus.publish(key, [event(sequence)]);
  bus.flush();
  return heard;
}

const sent = Array.from({ length: 200 }, (_, index) => index + 1);
const ascending = (sequences: readonly number[]) => [...sequences].sort((a, b) => a - b);

test("LIVE5 the faulty bus drops, repeats and reorders as ordered, the same for the same seed", () => {
  const dropped = heardThrough({ drop: 0.3 }, 1);
  assert.ok(dropped.length > 100 && dropped.length < 180);
  assert.deepEqual(ascending(dropped), dropped);
  const repeated = heardThrough({ repeat: 0.3 }, 1);
  assert.ok(repeated.length > 220);
  assert.deepEqual([...new Set(ascending(repeated))], sent);
  const reordered = heardThrough({ reorder: 0.3 }, 1);
  assert.notDeepEqual(reordered, sent);
  assert.deepEqual(ascending(reordered), sent);
  const all = { drop: 0.2, repeat: 0.2, reorder: 0.2 };
  assert.deepEqual(heardThrough(all, 7), heardThrough(all, 7));
  assert.notDeepEqual(heardThrough(all, 7), heardThrough(all, 8));
});

test("LIVE5 the faulty bus can lose the last hint, after which nothing tells of it", () => {
  const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(1), faults: {} });
  const heard: BusMessage[] = [];
  bus.subscribe(key, (messages) => heard.push(...messages));
  bus.publish(key, [event(1)]);
  bus.loseNext();
  bus.publish(key, [event(2), { kind: "deleted" }]);
  bus.flush();
  assert.deepEqual(heard, [event(1)]);
  bus.publish(key, [event(3)]);
  assert.equal(heard.length, 2);
});
