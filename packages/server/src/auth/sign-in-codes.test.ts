/** Proves that a one-time code works once, for 10 minutes, and survives a failed use (AUTH22). */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { SignInCodes } from "./sign-in-codes.ts";

const same = (keyId: string) => keyId;

function codesAt(clock: FakeClock): SignInCodes {
  return new SignInCodes({ now: clock.now, randomBytes });
}

test("AUTH22 a code gives its key once", () => {
  const codes = codesAt(new FakeClock());
  const [one, two] = [codes.make("key_1"), codes.make("key_2")];
  assert.match(one, /^rt_code_[\w-]{32}$/);
  assert.equal(codes.redeem(one, same), "key_1");
  assert.equal(codes.redeem(one, same), null);
  assert.equal(codes.redeem(`${two}x`, same), null);
  assert.equal(codes.redeem("", same), null);
  assert.equal(codes.redeem(two, same), "key_2");
});

test("AUTH22 a code counts for 10 minutes, also where the clock jumps", () => {
  const clock = new FakeClock();
  const codes = codesAt(clock);
  for (const [jump, answer] of [
    [599_999, "key"],
    [600_000, null],
    [-599_999, "key"],
    [-600_000, null],
  ] as const) {
    const code = codes.make("key");
    clock.advance(jump);
    assert.equal(codes.redeem(code, same), answer, `${jump} ms`);
    clock.advance(-jump);
    assert.equal(codes.redeem(code, same), null);
  }
});

test("AUTH22 a use that fails on the server's side leaves the code usable", () => {
  const codes = codesAt(new FakeClock());
  const code = codes.make("key");
  const full = () => {
    throw new Error("disk full");
  };
  assert.throws(() => codes.redeem(code, full), /disk full/);
  assert.equal(codes.redeem(code, same), "key");
});

test("AUTH22 codes that nobody uses are bounded, the newest count", () => {
  const codes = codesAt(new FakeClock());
  const made = Array.from({ length: 40 }, () => codes.make("key"));
  const left = made.map((code) => codes.redeem(code, same)).filter((key) => key !== null);
  assert.equal(left.length, 16);
});
