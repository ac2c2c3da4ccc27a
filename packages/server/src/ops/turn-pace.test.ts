/** Proves that paced work lets others in once its share of a turn is spent, and not before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnPace } from "./turn-pace.ts";

/** What work and others did, in order; each piece of the work takes `pieceMs`. */
async function paced(pieces: number, pieceMs: number): Promise<string> {
  const did: string[] = [];
  let now = 0;
  let isOver = false;
  const other = () => {
    did.push("|");
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  const pace = new TurnPace(() => now, 4);
  for (let piece = 0; piece < pieces; piece += 1) {
    await pace.pause();
    now += pieceMs;
    did.push("w");
  }
  isOver = true;
  return did.join("");
}

test("what takes no time is done in one turn, what takes some in many", async () => {
  assert.equal(await paced(6, 0), "wwwwww");
  assert.equal(await paced(6, 2), "ww|ww|ww");
  assert.equal(await paced(3, 9), "w|w|w");
});

test("a clock that is set back gives a turn too many, never one too few", async () => {
  let now = 1_000;
  const pace = new TurnPace(() => now, 4);
  now = 0;
  assert.ok(pace.isSpent);
  await pace.nextTurn();
  assert.ok(!pace.isSpent);
});
