/** Each moment at which a connection is worth another look is told, and no other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onWakeUp } from "./wake-ups.ts";

/** The part of a window that is listened to: real event targets, without a page. */
function bareWindow() {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = Object.assign(new EventTarget(), { document });
  return { window: window as unknown as Window, document };
}

test("WEB37 network, visibility and sleep are told, until it is ended", ({ mock }) => {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_000 });
  const { window, document } = bareWindow();
  let told = 0;
  const end = onWakeUp(window, () => {
    told += 1;
  });
  window.dispatchEvent(new Event("online"));
  assert.equal(told, 1);
  document.visibilityState = "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(told, 1);
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(told, 2);
  for (let tick = 0; tick < 30; tick += 1) mock.timers.tick(2_000);
  assert.equal(told, 2, "a clock that goes on is no sleep");
  // The machine sleeps: the clock goes on, timers do not.
  mock.timers.setTime(4_000_000);
  mock.timers.tick(2_000);
  assert.equal(told, 3);
  for (let tick = 0; tick < 5; tick += 1) mock.timers.tick(2_000);
  assert.equal(told, 3);
  end();
  window.dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(told, 3);
});
