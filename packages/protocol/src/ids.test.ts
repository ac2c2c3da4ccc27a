/**
 * Proves the shapes of ids: what is taken, and that nothing passes which could leave a folder,
 * split a key or stand unescaped in JSON.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isOrgId,
  isRolloutId,
  isThreadId,
  OrgId,
  RolloutId,
  RunId,
  ThreadId,
  UserId,
} from "./ids.ts";
import { validatorOf } from "./validator.ts";

const good = ["a", "A-z_0", "0", "-", "_", "x".repeat(64)];
const bad = ["", "a b", "a/b", "..", "a.b", "é", "a\n", "\0", '"', "x".repeat(65), "a\u2028"];
const kinds = [
  { prefix: "thr_", check: validatorOf(ThreadId) },
  { prefix: "run_", check: validatorOf(RunId) },
  { prefix: "rol_", check: validatorOf(RolloutId) },
];

for (const { prefix, check } of kinds) {
  test(`WIRE13 an id is ${prefix} and 1 to 64 letters, digits, underscores or hyphens`, () => {
    for (const rest of good) assert.equal(check(prefix + rest), null, rest);
    for (const rest of bad) assert.ok(check(prefix + rest), JSON.stringify(rest));
    for (const id of ["a", `${prefix.toUpperCase()}a`, ` ${prefix}a`, "oth_a", "", 5, null]) {
      assert.ok(check(id), String(id));
    }
    for (const other of kinds) {
      if (other.prefix !== prefix) assert.ok(check(`${other.prefix}a`));
    }
  });
}

test("WIRE13 the quick checks of thread and rollout ids agree with the schemas", () => {
  for (const [is, prefix] of [
    [isThreadId, "thr_"],
    [isRolloutId, "rol_"],
  ] as const) {
    for (const rest of good) assert.equal(is(prefix + rest), true, rest);
    for (const rest of bad) assert.equal(is(prefix + rest), false, JSON.stringify(rest));
    assert.equal(is("run_a"), false);
  }
});

test("AUTH5 an org id is 1 to 64 letters, digits, underscores or hyphens", () => {
  const check = validatorOf(OrgId);
  for (const id of good) {
    assert.equal(check(id), null);
    assert.equal(isOrgId(id), true);
  }
  for (const id of bad) {
    assert.ok(check(id), JSON.stringify(id));
    assert.equal(isOrgId(id), false, JSON.stringify(id));
  }
});

test("AUTH5 a user id is any text up to 256 characters", () => {
  const check = validatorOf(UserId);
  for (const id of ["a", "auth0|5f/..", "ü@example.org", "😀".repeat(256)]) {
    assert.equal(check(id), null, id);
  }
  for (const id of ["", "x".repeat(257), 5, null]) assert.ok(check(id), String(id));
});
