/**
 * A session over a bus that has lost its last hint, on the real store: comparing the watched
 * threads with the store brings back what nothing told of.
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import { parsePublish } from "@spool/protocol/publish-parser";
import type { Principal } from "../auth/principal.ts";
import { openEmbeddedStore } from "../store/embedded/open-embedded-store.ts";
import { eventually } from "../testing/eventually.ts";
import { clocksOf } from "../testing/fake-clock.ts";
import { FaultyBus } from "../testing/faulty-bus.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { threadView } from "../threads/resource-view.ts";
import { ThreadCommands } from "../threads/thread-commands.ts";
import { Hub } from "./hub.ts";
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

/** What went out, as text; frames are told apart by their content. */
function sink() {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString("utf8");
      done();
    },
  });
  return { stream, has: (part: string) => text.includes(part) };
}

test("LIVE5 a lost last hint heals: events, a rename and a deletion that nothing told of", async () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "spool-heal-"));
  const now = () => performance.now();
  const store = await openEmbeddedStore({ dataDir, now, log: () => undefined });
  const bus = new FaultyBus(new MemoryBus(), { random: new SeededRandom(1), faults: {} });
  let ids = 0;
  const commands = new ThreadCommands({
    store,
    bus,
    clocks: () => clocksOf(Date.now()),
    newId: (prefix) => {
      ids += 1;
      return `${prefix}_${ids}`;
    },
    lanesMax: 10,
  });
  const publish = (payload: object, type: string) => {
    const request = parsePublish({ ...{ threadId: "thr_1", runId: "run_1" }, type, payload }, null);
    return commands.execute(key, alice, { kind: "publish", request });
  };
  await publish({}, "run_started");
  const hub = new Hub(bus);
  const out = sink();
  let ended = 0;
  const session = new Session({
    key,
    access: "owner",
    options: { after: null, transient: true, allRollouts: false },
    outlet: new Outlet(out.stream, hub.scheduler),
    encoding: "websocket",
    store,
    bus,
    hub,
    snapshots: new SnapshotReader(store),
    threadView: (row) => threadView(row, "owner"),
    olderCursor: () => "",
    onEnd: ({ code }) => {
      ended = code;
    },
    onError: (error) => assert.fail(String(error)),
  });
  try {
    await session.start();
    await eventually("the snapshot", () => out.has('"type":"snapshot"'));
    bus.loseNext();
    await publish({ toolCallId: "lost-call", name: "t", input: {} }, "tool_call");
    bus.flush();
    assert.equal(out.has("lost-call"), false, "the hint was lost");
    await hub.heal(store);
    await eventually("the lost call", () => out.has("lost-call"));
    bus.loseNext();
    await commands.execute(key, alice, { kind: "update", body: { title: "A lost title" } });
    bus.flush();
    await hub.heal(store);
    await eventually("the title", () =>
      out.has('"thread_renamed","threadId":"thr_1","title":"A lost title"'),
    );
    bus.loseNext();
    await commands.execute(key, alice, { kind: "delete", force: true });
    bus.flush();
    await hub.heal(store);
    await eventually("the end", () => ended === 4410);
    // Frames are written at the end of the turn.
    await eventually("the last frame", () => out.has('"type":"thread_deleted"'));
  } finally {
    session.end();
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
