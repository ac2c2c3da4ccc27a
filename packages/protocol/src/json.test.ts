/**
 * Proves which parsed JSON can be printed again without loss: everything but numbers too large for
 * a double and nesting beyond the limit.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unprintable } from "./json.ts";
import { jsonDepthMax } from "./limits.ts";

/** `levels` arrays or objects, one in the other. */
function nested(levels: number, kind: "array" | "object" = "array"): unknown {
  const [open, close] = kind === "array" ? ["[", "]"] : ['{"a":', "}"];
  return JSON.parse(`${open.repeat(levels)}0${close.repeat(levels)}`);
}

test("WIRE8 128 levels of arrays and objects are kept, one more is refused", () => {
  for (const kind of ["array", "object"] as const) {
    assert.equal(unprintable(nested(jsonDepthMax, kind)), null);
    const problem = "is nested deeper than 128 levels";
    assert.equal(unprintable(nested(jsonDepthMax + 1, kind)), problem);
    assert.equal(unprintable(nested(100_000, kind)), problem);
  }
  assert.equal(unprintable({ a: 1, b: nested(jsonDepthMax - 1) }), null);
  assert.ok(unprintable({ a: 1, b: nested(jsonDepthMax) }));
});

test("WIRE7 a number beyond a double is refused, every other one kept", () => {
  for (const text of ["1e400", "-1e400", '{"a":[0,{"b":1e309}]}']) {
    assert.equal(unprintable(JSON.parse(text)), "holds a number too large for a double");
  }
  for (const text of ["1.7976931348623157e308", "5e-324", "1e-400", "9007199254740993", "0"]) {
    assert.equal(unprintable(JSON.parse(text)), null, text);
  }
});

test("WIRE7 what is under __proto__ is looked at like anything else", () => {
  assert.equal(unprintable(JSON.parse('{"__proto__":{"a":1}}')), null);
  assert.ok(unprintable(JSON.parse('{"__proto__":{"a":1e400}}')));
});

test("WIRE7 any JSON within the limits survives parsing and printing", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = JSON.parse(text);
      assert.equal(unprintable(value), null);
      assert.equal(JSON.stringify(JSON.parse(JSON.stringify(value))), JSON.stringify(value));
    }),
    { seed: 7, numRuns: 300 },
  );
});
