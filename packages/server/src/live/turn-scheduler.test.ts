/** When what is live is handed out: once at the end of a turn, sooner where much waits (LIVE5). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { TurnScheduler } from "./turn-scheduler.ts";

/** Feeds that each write to an outlet of their own, and what happened in order. */
function scheduled(count: number) {
  const scheduler = new TurnScheduler();
  const told: string[] = [];
  const add = (name: string) => {
    const outlet = { endTurn: () => told.push(`outlet ${name}`) };
    scheduler.addFeed({
      endTurn: () => {
        told.push(`feed ${name}`);
        scheduler.addOutlet(outlet);
      },
    });
  };
  for (let at = 0; at < count; at += 1) add(String(at));
  return { scheduler, told, add };
}

const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

test("LIVE5 few feeds wait for the end of the turn, and are handed out once", async () => {
  const { scheduler, told } = scheduled(2);
  scheduler.relieve();
  assert.deepEqual(told, []);
  await turnEnd();
  assert.deepEqual(told, ["feed 0", "feed 1", "outlet 0", "outlet 1"]);
  await turnEnd();
  assert.equal(told.length, 4);
});

test("LIVE5 many are handed out at once, and what comes behind them at the end of the turn", async () => {
  const { scheduler, told, add } = scheduled(65);
  scheduler.relieve();
  assert.equal(told.length, 2 * 65);
  add("late");
  scheduler.relieve();
  assert.equal(told.length, 2 * 65);
  await turnEnd();
  assert.deepEqual(told.slice(2 * 65), ["feed late", "outlet late"]);
  add("next turn");
  await turnEnd();
  assert.deepEqual(told.slice(2 * 65 + 2), ["feed next turn", "outlet next turn"]);
});
