/** `retryNow`: a wait that ends at once, a dead connection that is noticed, a living one kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../server/src/testing/eventually.ts";
import { startTestServer } from "../../server/src/testing/test-server.ts";
import { LiveClient } from "./live-client.ts";
import type { LinkState } from "./live-link.ts";
import { SpoolClient } from "./spool-client.ts";
import { startFaultServer } from "./testing/fault-server.ts";
import { freePort } from "./testing/free-port.ts";

const credential = { apiKey: "rt_live_any" };

/** A live client that needs its connection, and what became of it. */
function watched(url: string, options: { doubtMs?: number; apiKey?: string } = {}) {
  const { apiKey = credential.apiKey, doubtMs } = options;
  const client = new SpoolClient({ url, credential: { apiKey } });
  const states: LinkState[] = [];
  const onState = (state: LinkState) => states.push(state);
  const live = new LiveClient(client, { onState, doubtMs, random: () => 0.999 });
  const events: number[] = [];
  const stop = live.follow("thr_a", {
    onFrame: (received) => {
      if (received.kind === "event") events.push(received.frame.sequence);
    },
    onEnd: () => {},
  });
  return { live, states, events, stop, client };
}

test("LIVE14 what waits for its next attempt connects at once when told to", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { live, states, stop } = watched(url);
  const isOffline = () => live.state.state === "offline";
  const delays = () => states.flatMap((s) => (s.state === "offline" ? [s.retryInMs] : []));
  await eventually("it waits", isOffline);
  // Told so for as long as nobody is there, it begins anew each time instead of waiting longer.
  for (let round = 1; round <= 8; round += 1) {
    live.retryNow();
    await eventually("it waits again", () => delays().length > round && isOffline());
  }
  assert.equal(Math.max(...delays()) <= 250, true, String(delays()));
  stop();
  await eventually("it ended", () => live.state.state === "idle");
  live.retryNow();
  assert.equal(live.state.state, "idle");
});

test("LIVE11 a connection that does not answer when it is doubted is opened anew", async () => {
  // Takes the connection and never says anything.
  const server = await startFaultServer({ live: [{ frames: [] }] });
  const { live, states, stop } = watched(server.url, { doubtMs: 20 });
  await eventually("it is live", () => live.state.state === "live");
  live.retryNow();
  await eventually("it is given up and opened anew", () => server.lives.length >= 2);
  assert.deepEqual(
    states.slice(0, 4).map(({ state }) => state),
    ["connecting", "live", "offline", "connecting"],
  );
  stop();
  await server.close();
});

test("LIVE11 a connection that answers is kept, however often it is doubted", async () => {
  const server = await startTestServer();
  const apiKey = server.keys.owner;
  await new SpoolClient({ url: server.url, credential: { apiKey } }).threads.create({
    id: "thr_a",
  });
  const { live, states, events, stop, client } = watched(server.url, { apiKey, doubtMs: 10_000 });
  await eventually("it is live", () => live.state.state === "live");
  for (let round = 0; round < 50; round += 1) live.retryNow();
  const custom = { type: "custom", payload: { name: "n", data: 1 } };
  await client.publish({ threadId: "thr_a", runId: null, events: [custom] });
  await eventually("it goes on", () => events.length === 1);
  assert.deepEqual(
    states.map(({ state }) => state),
    ["connecting", "live"],
  );
  stop();
  await server.close();
});
