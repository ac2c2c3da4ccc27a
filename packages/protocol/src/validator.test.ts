/**
 * Proves which problem of a value is reported, and where: the one that helps whoever sent it, also
 * where a union could complain about each of its branches.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import Type from "typebox";
import { AssistantContent } from "./durable-frames.ts";
import { RunId } from "./ids.ts";
import { validatorOf } from "./validator.ts";

const Sample = Type.Object(
  {
    color: Type.Optional(Type.Union([Type.Literal("red"), Type.Literal("blue")])),
    size: Type.Optional(Type.Integer({ minimum: 1 })),
    runId: Type.Optional(Type.Union([RunId, Type.Null()])),
    tags: Type.Optional(Type.Array(Type.String({ pattern: "^[a-z]+$" }))),
    only: Type.Optional(Type.Literal(1)),
  },
  { additionalProperties: false },
);

const cases: readonly [value: unknown, path: string, problem: string | RegExp][] = [
  [null, "", "must be object"],
  [[], "", "must be object"],
  [{ shape: 1 }, "", 'has an unknown field "shape"'],
  [JSON.parse('{"__proto__":1}'), "", 'has an unknown field "__proto__"'],
  [{ color: "green" }, "/color", 'must be "red" or "blue"'],
  [{ color: 5 }, "/color", "must be string"],
  [{ only: 2 }, "/only", "must be 1"],
  [{ size: 0 }, "/size", "must be >= 1"],
  [{ size: 1.5 }, "/size", "must be integer"],
  [{ runId: 5 }, "/runId", "must be string or null"],
  [{ runId: "thr_a" }, "/runId", /^must be a run id: run_/],
  [{ tags: ["a", "B"] }, "/tags/1", /^must match pattern/],
];

for (const [value, path, problem] of cases) {
  test(`PUB19 ${JSON.stringify(value)} is a problem at "${path}"`, () => {
    const found = validatorOf(Sample)(value);
    assert.equal(found?.path, path);
    if (typeof problem === "string") assert.equal(found?.problem, problem);
    else assert.match(found?.problem ?? "", problem);
  });
}

test("PUB19 the problem of a union is that of the branch that was meant", () => {
  const check = validatorOf(AssistantContent);
  const text = { type: "text", text: "fine" };
  assert.deepEqual(check(5), { path: "", problem: "must be string or array" });
  assert.deepEqual(check([text, 5]), { path: "/1", problem: "must be object" });
  assert.deepEqual(check([text, { type: "text" }]), {
    path: "/1",
    problem: 'lacks the field "text"',
  });
  assert.deepEqual(check([text, text, { type: "thinking", text: 5 }]), {
    path: "/2/text",
    problem: "must be string",
  });
});

test("WIRE7 what JSON cannot hold is no number", () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    assert.deepEqual(validatorOf(Type.Number())(value), { path: "", problem: "must be number" });
    assert.deepEqual(validatorOf(Sample)({ size: value })?.path, "/size");
  }
});

test("a value that fits has no problem, and one check may be used again and again", () => {
  const check = validatorOf(Sample);
  assert.equal(check({}), null);
  assert.ok(check({ size: "x" }));
  assert.equal(check({ color: "blue", size: 3, runId: null, tags: ["a"], only: 1 }), null);
});
