/** How long messages stay, and what is done with the newest (WEB31). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Toasts } from "./toasts.ts";

const textsOf = (toasts: Toasts) => toasts.shown.get().map(({ text }) => text);
const undo = (run: () => void = () => {}) => ({ action: { label: "Undo", run } });

test("WEB31 what can be undone stays 8 s, what was refused until it is taken away", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const toasts = new Toasts();
  toasts.done("copied");
  toasts.done("archived", undo());
  toasts.refuse("refused");
  mock.timers.tick(5_000);
  assert.deepEqual(textsOf(toasts), ["archived", "refused"]);
  mock.timers.tick(2_999);
  assert.deepEqual(textsOf(toasts), ["archived", "refused"]);
  mock.timers.tick(1);
  assert.deepEqual(textsOf(toasts), ["refused"]);
  mock.timers.tick(3_600_000);
  toasts.remove(toasts.shown.get()[0]?.id ?? 0);
  assert.deepEqual(textsOf(toasts), []);
});

test("WEB31 nothing goes while it is held, and each has its whole time afterwards", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const toasts = new Toasts();
  toasts.done("archived", undo());
  mock.timers.tick(7_000);
  toasts.hold(true);
  mock.timers.tick(60_000);
  assert.deepEqual(textsOf(toasts), ["archived"]);
  toasts.hold(false);
  mock.timers.tick(7_999);
  assert.deepEqual(textsOf(toasts), ["archived"]);
  mock.timers.tick(1);
  assert.deepEqual(textsOf(toasts), []);
});

test("WEB31 the newest is acted on once; the oldest make room; work goes on until it ends", () => {
  const toasts = new Toasts();
  assert.equal(toasts.actOnNewest(), false);
  const undone: string[] = [];
  const told = toasts.work("10 KB", null);
  for (const name of ["a", "b", "c", "d", "e"])
    toasts.done(
      name,
      undo(() => undone.push(name)),
    );
  assert.deepEqual(textsOf(toasts), ["10 KB", "b", "c", "d", "e"]);
  told("20 KB");
  assert.equal(toasts.actOnNewest(), true);
  assert.deepEqual([undone, textsOf(toasts)], [["e"], ["20 KB", "b", "c", "d"]]);
  told(null);
  assert.deepEqual(textsOf(toasts), ["b", "c", "d"]);
  for (const { id } of toasts.shown.get()) toasts.remove(id);
});
