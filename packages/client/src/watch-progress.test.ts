/** How a watcher's progress takes frames: new, known, beyond a hole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { positionOf } from "./position.ts";
import { WatchProgress } from "./watch-progress.ts";

const event = (sequence: number) => JSON.stringify({ sequence, type: "custom", payload: {} });
const snapshot = (fields: object, events: readonly string[] = []) =>
  JSON.stringify({ type: "snapshot", access: "owner", resumed: false, ...fields }).replace(
    /\}$/,
    `,"events":[${events.join(",")}]}`,
  );

test("LIVE14 a new connection goes on behind the last event, by its text's checksum", () => {
  const progress = new WatchProgress(null);
  assert.equal(progress.after, null);
  progress.take(snapshot({ sequence: 2, position: "2.0000abcd" }, [event(1), event(2)]));
  assert.equal(progress.after, "2.0000abcd");
  const spaced = '{ "sequence": 3, "type": "custom", "payload": {} }';
  assert.equal(progress.take(spaced).kind, "event");
  assert.equal(progress.after, positionOf(3, spaced));
});

test("LIVE5 an event comes once: known ones are left out, a hole is one", () => {
  const progress = new WatchProgress("4.00000001");
  assert.equal(progress.take(event(4)).kind, "known");
  assert.equal(progress.take(event(6)).kind, "hole");
  assert.equal(progress.after, "4.00000001");
  assert.equal(progress.take(event(5)).kind, "event");
});

test("LIVE3 a resumed snapshot continues: what was known is left out of it, lines too", () => {
  const progress = new WatchProgress(4);
  const text = snapshot(
    { resumed: true, sequence: 6, position: "6.00000006" },
    [4, 5, 6].map(event),
  );
  const taken = progress.take(text);
  assert.ok(taken.kind === "snapshot");
  assert.deepEqual(
    taken.frame.events.map(({ sequence }) => sequence),
    [5, 6],
  );
  assert.deepEqual(taken.lines(), [event(5), event(6)]);
  assert.equal(progress.after, "6.00000006");
});

test("LIVE3 a resumed snapshot that begins too late is a hole", () => {
  const progress = new WatchProgress(4);
  const text = snapshot({ resumed: true, sequence: 6, position: "6.00000006" }, [event(6)]);
  assert.equal(progress.take(text).kind, "hole");
  assert.equal(progress.after, "4");
});

test("LIVE4 a snapshot that does not resume replaces what was known", () => {
  const progress = new WatchProgress("40.00000001");
  const text = snapshot({ reason: "beyond the head", sequence: 2, position: "2.00000002" }, [
    event(1),
    event(2),
  ]);
  const taken = progress.take(text);
  assert.ok(taken.kind === "snapshot" && taken.frame.events.length === 2);
  assert.equal(progress.sequence, 2);
});

test("LIVE10 with metadata only, gaps are no holes and a shortened line makes no position", () => {
  const progress = new WatchProgress(null);
  progress.take(snapshot({ access: "metadata", sequence: 5, position: "5.00000005" }));
  assert.equal(progress.after, "5.00000005");
  assert.equal(progress.take(event(9)).kind, "event");
  assert.equal(progress.after, "9");
});

test("LIVE7 frames without a sequence move nothing", () => {
  const progress = new WatchProgress(3);
  const delta = { type: "assistant_message_delta", sequenceNumber: 1, payload: {} };
  assert.equal(progress.take(JSON.stringify(delta)).kind, "transient");
  assert.equal(progress.take('{"type":"thread_renamed","title":null}').kind, "notice");
  assert.equal(progress.after, "3");
});
