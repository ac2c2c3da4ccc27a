/** Query strings: splitting and reading by table (WIRE10, PAGE1). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { flag, limitOf, oneOf, readQuery, splitQuery, textOf } from "./query.ts";

const table = { limit: limitOf({ max: 100 }), order: oneOf("asc", "desc"), all: flag };

function problemOf(text: string): string {
  try {
    readQuery(splitQuery(text), table);
  } catch (error) {
    assert.ok(error instanceof DomainError);
    assert.equal(error.code, "INVALID_REQUEST");
    return error.message;
  }
  return "";
}

test("WIRE10 known parameters are read as what they are, percent-encoded or not", () => {
  const query = readQuery(splitQuery("limit=7&order=%64esc&all=true"), table);
  assert.deepEqual(query, { limit: 7, order: "desc", all: true });
  assert.deepEqual(readQuery(splitQuery(""), table), {});
  assert.deepEqual(readQuery(splitQuery("&&"), table), {});
});

test("WIRE10 unknown and repeated parameters are named, Object's own names too", () => {
  assert.match(problemOf("colour=red"), /"colour" is unknown here; known are limit, order, all/);
  assert.match(problemOf("limit=1&all=true&limit=2"), /"limit" stands more than once/);
  for (const name of ["__proto__", "constructor", "toString", "%zz", ""]) {
    assert.match(problemOf(`${name}=1`), /is unknown here/);
  }
  assert.match(problemOf("rt_live_0123456789=1"), /"\[redacted\]" is unknown/);
});

test("PAGE1 a limit above the cap is the cap, one that is no whole number above 0 is refused", () => {
  const read = (text: string) => readQuery(splitQuery(`limit=${text}`), table).limit;
  assert.equal(read("101"), 100);
  assert.equal(read("9".repeat(400)), 100);
  for (const bad of ["0", "-1", "1.0", "1e1", "+1", "0x1", "", "one", "٣"]) {
    assert.match(problemOf(`limit=${encodeURIComponent(bad)}`), /must be a whole number above 0/);
  }
});

test("WIRE10 text has a length, words are the table's", () => {
  assert.match(problemOf("order=ASC"), /must be asc or desc/);
  assert.match(problemOf("all=1"), /must be true or false/);
  const words = { agent: textOf({ max: 3 }) };
  assert.deepEqual(readQuery(splitQuery("agent=a+b"), words), { agent: "a b" });
  assert.throws(() => readQuery(splitQuery("agent=abcd"), words), DomainError);
});
