/** Addresses are read as they were made, whatever ids and words they hold (WEB5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { everyThread, hrefOf, type Route, routeOf } from "./route.ts";

const read = (href: string): Route => {
  const url = new URL(href, "http://127.0.0.1");
  return routeOf(url.pathname, url.search);
};

test("WEB5 an address is read as it was made", () => {
  const text = fc.string({ minLength: 1, unit: "grapheme" });
  const filter = fc.record(
    {
      q: fc.string({ unit: "grapheme" }),
      status: fc.constantFrom(null, "idle" as const, "running" as const, "compacting" as const),
      agent: fc.option(text),
      archived: fc.boolean(),
      all: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  const place = fc.option(
    fc.record(
      { threadId: text, rolloutId: fc.option(text), at: fc.option(fc.nat().map((n) => n + 1)) },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(place, filter, (place, filter) => {
      // A thread named `.` or `..` cannot be: ids begin with `thr_`.
      fc.pre(!/^\.{1,2}$/.test(place?.threadId ?? "") && !/^\.{1,2}$/.test(place?.rolloutId ?? ""));
      assert.deepEqual(read(hrefOf({ place, filter })), { place, filter });
    }),
    { seed: 6 },
  );
});

test("WEB5 an address that names nothing is the list", () => {
  const list = { place: null, filter: everyThread };
  for (const href of ["/", "/threads", "/threads/", "/elsewhere/thr_1", "/?at=3", "/?status=odd"]) {
    assert.deepEqual(read(href), list, href);
  }
  assert.equal(read("/threads/thr_1?at=-4").place?.at, null);
  assert.equal(read("/threads/%E0%A4%A").place?.threadId, "%E0%A4%A");
});
