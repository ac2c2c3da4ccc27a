/** Lines with one object, with two, with torn ones: every whole object is found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordsOf } from "./source-records.ts";

const place = { line: 7, byteOffset: 100 };
const record = (name: string) => JSON.stringify({ timestamp: "t", name });

function namesIn(line: string, terminated = true) {
  const { records, problems } = recordsOf(line, { ...place, terminated });
  return { names: records.map(({ value }) => value.name), problems: problems.length };
}

test("one object", () => {
  assert.deepEqual(recordsOf('{"a":1}', place), {
    records: [{ value: { a: 1 }, place }],
    problems: [],
  });
});

test("a blank line gives nothing; a block of NUL bytes does neither, but is reported", () => {
  for (const line of ["", "  \t"]) {
    assert.deepEqual(recordsOf(line, place), { records: [], problems: [] });
  }
  for (const line of ["\0\0\0", " \0 \0\0"]) {
    const problems = [{ ...place, problem: "holds 3 NUL bytes, left out" }];
    assert.deepEqual(recordsOf(line, place), { records: [], problems });
  }
});

test("two objects on a line are two records, each with its place in bytes", () => {
  const first = JSON.stringify({ timestamp: "t", name: 'é "{}" \\' });
  const { records, problems } = recordsOf(`${first} ${record("b")}`, place);
  assert.equal(records.length, 2);
  const problem = "holds 2 JSON objects, each read as a line of its own";
  assert.deepEqual(problems, [{ ...place, problem }]);
  assert.equal(records[1]?.place.byteOffset, 100 + Buffer.byteLength(first) + 1);
});

test("objects around a torn one are kept, and it is reported", () => {
  const torn = record("torn").slice(0, -5);
  assert.deepEqual(namesIn(`${torn}${record("b")}`), { names: ["b"], problems: 1 });
  assert.deepEqual(namesIn(`${record("a")}${torn}`), { names: ["a"], problems: 1 });
  assert.deepEqual(namesIn(`${record("a")}${torn}${record("b")}`), {
    names: ["a", "b"],
    problems: 2,
  });
  assert.deepEqual(namesIn(`\0\0${record("a")}`), { names: ["a"], problems: 1 });
  assert.deepEqual(namesIn(`garbage ${record("a")}`), { names: ["a"], problems: 1 });
});

test("of a last line without its newline only leading whole objects are read", () => {
  const nested = `{"timestamp":"t","name":"outer","payload":${record("inner")},"more":"cu`;
  assert.deepEqual(namesIn(nested, false), { names: [], problems: 1 });
  assert.deepEqual(namesIn(`${record("a")}${nested}`, false), { names: ["a"], problems: 1 });
});

test("a value that is no object is a problem", () => {
  const { records, problems } = recordsOf("[1,2]", place);
  assert.deepEqual(records, []);
  assert.deepEqual(problems, [{ ...place, problem: "is not a JSON object" }]);
});

test("a line of many torn objects is given up without searching it for ever", () => {
  const line = '{"timestamp":"'.repeat(20_000);
  assert.ok(recordsOf(line, place).problems.length < 100);
});
