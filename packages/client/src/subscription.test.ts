/** Reconnecting, by close code, against a server that plays each connection from a script. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { positionOf } from "./position.ts";
import { SpoolClient } from "./spool-client.ts";
import { type WatchState, watchThread } from "./subscription.ts";
import { type HttpStep, type LiveStep, startFaultServer } from "./testing/fault-server.ts";

const event = (sequence: number) =>
  JSON.stringify({ sequence, type: "custom", threadId: "thr_a", payload: {} });
const snapshot = (sequence: number, fields: object = {}) =>
  JSON.stringify({
    type: "snapshot",
    access: "owner",
    resumed: false,
    events: [],
    sequence,
    position: `${sequence}.0000000${sequence}`,
    ...fields,
  });
const resumed = (from: number, to: number) => {
  const events = Array.from({ length: to - from + 1 }, (_, index) =>
    JSON.parse(event(from + index)),
  );
  return snapshot(to, { resumed: true, events });
};

/** Watches a scripted server until `count` events came or the stream ended. */
async function watch(
  script: { live: readonly LiveStep[]; http?: readonly HttpStep[] },
  { count = Number.POSITIVE_INFINITY, token = "jwt" as string | (() => string) } = {},
) {
  const server = await startFaultServer(script);
  const client = new SpoolClient({ url: server.url, credential: { token } });
  const states: WatchState[] = [];
  const sequences: number[] = [];
  const kinds: string[] = [];
  let error: unknown = null;
  try {
    const onState = (state: WatchState) => states.push(state);
    for await (const received of watchThread(client, "thr_a", { onState, silenceMs: 50 })) {
      kinds.push(received.kind);
      if (received.kind === "event") sequences.push(received.frame.sequence);
      if (received.kind === "snapshot") {
        sequences.push(...received.frame.events.map(({ sequence }) => sequence));
      }
      if (sequences.length >= count) break;
    }
  } catch (thrown) {
    error = thrown;
  }
  await server.close();
  const afters = server.lives.map((url) => new URL(url, "http://x").searchParams.get("after"));
  return { states, sequences, kinds, error, afters, asked: server.asked };
}

test("LIVE14 a shutdown is followed by a new connection at once, behind the last event", async () => {
  const { sequences, afters, states } = await watch(
    {
      live: [
        { frames: [snapshot(1), event(2), event(3)], close: 1001 },
        { frames: [resumed(4, 5), event(6)] },
      ],
    },
    { count: 5 },
  );
  assert.deepEqual(sequences, [2, 3, 4, 5, 6]);
  assert.deepEqual(afters, [null, positionOf(3, event(3))]);
  assert.deepEqual(
    states.map(({ state }) => state),
    ["connecting", "live", "offline", "connecting", "live"],
  );
  assert.equal(states[2]?.state === "offline" && states[2].retryInMs, 0);
});

for (const close of [4008, 4413, 4429, 1011, 1013]) {
  test(`LIVE14 close code ${close} is followed by a new connection after a moment`, async () => {
    const live = [{ frames: [snapshot(1), event(2)], close }, { frames: [resumed(3, 3)] }];
    const { sequences, states } = await watch({ live }, { count: 2 });
    assert.deepEqual(sequences, [2, 3]);
    const offline = states.find((state) => state.state === "offline");
    assert.ok(offline?.state === "offline" && offline.retryInMs > 0);
  });
}

test("LIVE14 a connection that breaks is followed by a new one", async () => {
  const live = [{ frames: [snapshot(1), event(2)], breaks: true }, { frames: [resumed(3, 3)] }];
  assert.deepEqual((await watch({ live }, { count: 2 })).sequences, [2, 3]);
});

test("LIVE5 a hole is never shown: the client goes back to where it was", async () => {
  const live = [
    { frames: [snapshot(1), event(2), event(4)] },
    { frames: [resumed(3, 4), event(5)] },
  ];
  const { sequences, afters } = await watch({ live }, { count: 4 });
  assert.deepEqual(sequences, [2, 3, 4, 5]);
  assert.equal(afters[1], positionOf(2, event(2)));
});

test("LIVE5 an event that comes twice is shown once", async () => {
  const live = [{ frames: [snapshot(1), event(2), event(2), event(1), event(3)] }];
  assert.deepEqual((await watch({ live }, { count: 2 })).sequences, [2, 3]);
});

test("LIVE14 withdrawn access ends the stream with an error", async () => {
  const { error, afters } = await watch({ live: [{ frames: [snapshot(1)], close: 4403 }] });
  assert.equal((error as { code?: string }).code, "CONTENT_FORBIDDEN");
  assert.equal(afters.length, 1);
});

test("DEL5 a deleted thread ends the stream, with its frame or by its code", async () => {
  const deleted = '{"type":"thread_deleted","threadId":"thr_a"}';
  const byFrame = await watch({ live: [{ frames: [snapshot(1), deleted] }] });
  assert.deepEqual([byFrame.kinds, byFrame.error], [["snapshot", "notice"], null]);
  const byCode = await watch({ live: [{ frames: [snapshot(1)], close: 4410 }] });
  assert.deepEqual([byCode.kinds, byCode.error], [["snapshot"], null]);
});

test("LIVE13 a refused upgrade is explained over REST and thrown", async () => {
  const { error } = await watch({
    live: [{ refuse: 404 }],
    http: [{ status: 404, error: { code: "THREAD_NOT_FOUND" } }],
  });
  assert.equal((error as { code?: string }).code, "THREAD_NOT_FOUND");
});

test("a refusal that may pass is tried again", async () => {
  const { sequences } = await watch(
    {
      live: [{ refuse: 503 }, { frames: [snapshot(1), event(2)] }],
      http: [{ status: 503, error: { code: "OVERLOADED" } }],
    },
    { count: 1 },
  );
  assert.deepEqual(sequences, [2]);
});

test("AUTH11 an expired token is fetched anew; one that is refused again ends the stream", async () => {
  let tokens = 0;
  const token = () => `jwt${++tokens}`;
  const live = [{ frames: [snapshot(1)], close: 4401 }, { frames: [resumed(2, 2)] }];
  const renewed = await watch({ live, http: [{ data: { sequence: 2 } }] }, { count: 1, token });
  assert.deepEqual(renewed.sequences, [2]);
  assert.ok(tokens >= 2);
  const http = [{ status: 401, error: { code: "INVALID_CREDENTIALS" } }];
  const refused = await watch({ live, http }, { token });
  assert.equal((refused.error as { code?: string }).code, "INVALID_CREDENTIALS");
});

test("LIVE14 a token that cannot be had for the moment is waited for", async () => {
  let asked = 0;
  const token = () => {
    asked += 1;
    if (asked !== 1 && asked < 4) throw new TypeError("Failed to fetch");
    return "jwt";
  };
  const live = [{ frames: [snapshot(1), event(2)], breaks: true }, { frames: [resumed(3, 3)] }];
  const { sequences, states, error } = await watch({ live }, { count: 2, token });
  assert.equal(error, null);
  assert.deepEqual(sequences, [2, 3]);
  const reasons = states.flatMap((state) => (state.state === "offline" ? state.reason : []));
  assert.ok(reasons.includes("no session token: Failed to fetch"), reasons.join("; "));
});

test("LIVE14 a connection that went silent is given up once the server has more", async () => {
  const live = [{ frames: [snapshot(1)] }, { frames: [resumed(2, 2)] }];
  const http = [{ data: { sequence: 1 } }, { status: 503, error: { code: "OVERLOADED" } }];
  const { sequences, asked } = await watch({ live, http }, { count: 1 });
  assert.deepEqual(sequences, [2]);
  assert.equal(asked.length, 2);
});

test("leaving the loop or aborting ends the connection without an error", async () => {
  const server = await startFaultServer({ live: [{ frames: [snapshot(1)] }] });
  const client = new SpoolClient({ url: server.url });
  for (const delayMs of [0, 10]) {
    const stop = new AbortController();
    const kinds: string[] = [];
    for await (const { kind } of watchThread(client, "thr_a", { signal: stop.signal })) {
      kinds.push(kind);
      if (delayMs === 0) stop.abort();
      else setTimeout(() => stop.abort(), delayMs);
    }
    assert.deepEqual(kinds, ["snapshot"]);
  }
  for await (const { kind } of watchThread(client, "thr_a")) {
    assert.equal(kind, "snapshot");
    break;
  }
  await server.close();
});
