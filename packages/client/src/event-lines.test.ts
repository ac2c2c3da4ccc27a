/** Cutting lines out of a snapshot against printing and parsing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventLinesOf } from "./event-lines.ts";

test("LIVE6 the lines of any snapshot are its events' texts", () => {
  const line = fc.json();
  fc.assert(
    fc.property(fc.array(line), fc.json(), fc.json(), (lines, before, after) => {
      const text = `{"thread":${before},"events":[${lines.join(",")}],"x":${after}}`;
      assert.deepEqual(eventLinesOf(text), lines);
    }),
  );
});

test("LIVE6 numbers, spaces and escapes stay as they are written", () => {
  const lines = ['{"a":1.0,"b":1e400,"c":"\\u00e9\\"]}"}', '{ "__proto__" : [ 1 , 2 ] }'];
  const text = `{ "type":"snapshot", "events" : [ ${lines.join(" , ")} ] , "hasMore":false }`;
  assert.deepEqual(eventLinesOf(text), lines);
});

test("a field of the same name further down does not count", () => {
  assert.deepEqual(eventLinesOf('{"thread":{"events":[1]},"note":"\\"events\\":[2]"}'), []);
  assert.deepEqual(eventLinesOf('{"thread":{"events":[1]},"events":[]}'), []);
});
