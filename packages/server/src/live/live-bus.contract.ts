/**
 * What every LiveBus must do, whatever carries its messages: reach the listeners of the thread and
 * nobody else, in the order of one publisher's publishes where nothing is lost, with the bytes as
 * they were. Called by the test of each implementation.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeEvent } from "../store/event-line.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { BusMessage, LiveBus } from "./live-bus.ts";

/** A bus under test, as two servers see it; in one process both are the same. */
export type BusUnderTest = {
  readonly publisher: LiveBus;
  readonly watcher: LiveBus;
  /** Resolves when every subscription made so far is in force on the publisher's side. */
  readonly subscribed: () => Promise<void>;
  /** Resolves when everything published so far has reached whom it will reach. */
  readonly delivered: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const acme: ThreadKey = { orgId: "acme", threadId: "thr_1" };
const event = (sequence: number): BusMessage => {
  const made = encodeEvent({
    sequence,
    type: "tool_call",
    threadId: "thr_1",
    rolloutId: "rol_1",
    runId: "run_1",
    createdAt: "2026-01-01T00:00:00.000Z",
    payload: { toolCallId: "c", name: "\u00fc \ud83d\ude00", input: {} },
  });
  return { kind: "event", sequence, event: made.event, line: made.line };
};
/** One message of each kind. */
const everyKind: readonly BusMessage[] = [
  event(1),
  {
    kind: "transient",
    frame: {
      type: "tool_call_started",
      runId: "run_1",
      rolloutId: "rol_1",
      sequenceNumber: 1,
      occurredAt: null,
      payload: { toolCallId: "c", name: "t" },
      cut: false,
    },
  },
  { kind: "renamed", title: "T", titleSource: "user" },
  { kind: "renamed", title: null, titleSource: null },
  { kind: "archived", archived: true },
  { kind: "deleted" },
];

/** Registers the contract's tests for the implementation called `name`. */
export function testLiveBus(name: string, open: () => Promise<BusUnderTest>): void {
  const contract = (title: string, run: (bus: BusUnderTest) => Promise<void>) => {
    test(`${title} (${name})`, async () => {
      const bus = await open();
      try {
        await run(bus);
      } finally {
        await bus.close();
      }
    });
  };
  testDelivery(contract);
  testSubscriptions(contract);
}

type Contract = (title: string, run: (bus: BusUnderTest) => Promise<void>) => void;

function testDelivery(contract: Contract): void {
  contract("LIVE6 every kind of message arrives as it was sent", async (bus) => {
    const heard = listen(bus, acme);
    await bus.subscribed();
    bus.publisher.publish(acme, everyKind);
    await bus.delivered();
    assert.deepEqual(heard, everyKind);
  });

  contract("LIVE5 PUB18 publishes arrive in their order, each whole", async (bus) => {
    const calls: number[][] = [];
    bus.watcher.subscribe(acme, (messages) => calls.push(messages.map(sequenceOf)));
    await bus.subscribed();
    for (let first = 1; first < 100; first += 3) {
      bus.publisher.publish(acme, [event(first), event(first + 1), event(first + 2)]);
    }
    await bus.delivered();
    assert.deepEqual(
      calls.flat(),
      Array.from({ length: 99 }, (_, index) => index + 1),
    );
    for (const call of calls) assert.equal((call[0] as number) % 3, 1, "a publish is not torn");
  });

  contract("LIVE5 every listener hears the same", async (bus) => {
    const heard = [listen(bus, acme), listen(bus, acme), listen(bus, acme)];
    await bus.subscribed();
    for (let sequence = 1; sequence <= 20; sequence += 1)
      bus.publisher.publish(acme, [event(sequence)]);
    await bus.delivered();
    assert.equal(heard[0]?.length, 20);
    assert.deepEqual(heard[1], heard[0]);
    assert.deepEqual(heard[2], heard[0]);
  });

  contract("ORG1 a thread's listeners hear of no other, of another org neither", async (bus) => {
    const others = [
      { orgId: "other", threadId: "thr_1" },
      { orgId: "acme", threadId: "thr_2" },
      { orgId: "acme", threadId: "thr_1-x" },
      { orgId: "acme", threadId: "thr_" },
      { orgId: "Acme", threadId: "thr_1" },
    ];
    const own = listen(bus, acme);
    const foreign = others.map((key) => listen(bus, key));
    await bus.subscribed();
    bus.publisher.publish(acme, [event(1)]);
    for (const key of others) bus.publisher.publish(key, [event(9)]);
    await bus.delivered();
    assert.deepEqual(own.map(sequenceOf), [1]);
    for (const heard of foreign) assert.deepEqual(heard.map(sequenceOf), [9]);
  });

  contract("LIVE12 publishing to nobody is nothing", async (bus) => {
    bus.publisher.publish(acme, everyKind);
    await bus.delivered();
  });

  contract("LIVE7 nothing is in flight where nothing was sent", async (bus) => {
    assert.equal(await bus.watcher.inFlight(acme), null);
  });
}

function testSubscriptions(contract: Contract): void {
  contract("LIVE8 a listener hears from its subscription on until it is ended", async (bus) => {
    bus.publisher.publish(acme, [event(1)]);
    await bus.delivered();
    const heard: BusMessage[] = [];
    const end = bus.watcher.subscribe(acme, (messages) => heard.push(...messages));
    await bus.subscribed();
    bus.publisher.publish(acme, [event(2)]);
    await bus.delivered();
    end();
    end();
    bus.publisher.publish(acme, [event(3)]);
    await bus.delivered();
    assert.deepEqual(heard.map(sequenceOf), [2]);
  });

  contract("LIVE8 one function may subscribe twice, and each ends on its own", async (bus) => {
    const heard: BusMessage[] = [];
    const listener = (messages: readonly BusMessage[]) => heard.push(...messages);
    const ends = [bus.watcher.subscribe(acme, listener), bus.watcher.subscribe(acme, listener)];
    await bus.subscribed();
    bus.publisher.publish(acme, [event(1)]);
    await bus.delivered();
    ends[0]?.();
    ends[0]?.();
    bus.publisher.publish(acme, [event(2)]);
    await bus.delivered();
    assert.deepEqual(heard.map(sequenceOf), [1, 1, 2]);
  });

  contract("LIVE8 one listener's end is not another's, while it hears too", async (bus) => {
    const heard: number[] = [];
    const end = bus.watcher.subscribe(acme, () => end());
    bus.watcher.subscribe(acme, (messages) => heard.push(...messages.map(sequenceOf)));
    await bus.subscribed();
    bus.publisher.publish(acme, [event(1)]);
    bus.publisher.publish(acme, [event(2)]);
    await bus.delivered();
    assert.deepEqual(heard, [1, 2]);
  });

  contract("LIVE8 a thread may be listened to again after its last listener left", async (bus) => {
    for (const sequence of [1, 2, 3]) {
      const heard: BusMessage[] = [];
      const end = bus.watcher.subscribe(acme, (messages) => heard.push(...messages));
      await bus.subscribed();
      bus.publisher.publish(acme, [event(sequence)]);
      await bus.delivered();
      end();
      assert.deepEqual(heard.map(sequenceOf), [sequence]);
    }
  });
}

/** Everything heard of a thread, in order. */
function listen(bus: BusUnderTest, key: ThreadKey): BusMessage[] {
  const heard: BusMessage[] = [];
  bus.watcher.subscribe(key, (messages) => heard.push(...messages));
  return heard;
}

function sequenceOf(message: BusMessage): number {
  return message.kind === "event" ? message.sequence : 0;
}
