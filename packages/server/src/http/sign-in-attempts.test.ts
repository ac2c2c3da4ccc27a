/** Proves how wrong sign-ins are limited, and that nobody else has to wait (AUTH24). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { SignInAttempts } from "./sign-in-attempts.ts";

function isHeard(attempts: SignInAttempts, ip: string): boolean {
  try {
    attempts.require(ip);
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, "RATE_LIMITED");
    return false;
  }
}

/** How many of `tries` wrong sign-ins of `ip` are heard. */
function heardOf(attempts: SignInAttempts, ip: string, tries: number): number {
  let heard = 0;
  for (let count = 0; count < tries; count += 1) {
    if (!isHeard(attempts, ip)) continue;
    heard += 1;
    attempts.countWrong(ip);
  }
  return heard;
}

test("AUTH24 an address is heard 20 times a minute, others go on", () => {
  const clock = new FakeClock();
  const attempts = new SignInAttempts(clock.now);
  assert.equal(heardOf(attempts, "192.0.2.1", 10_000), 20);
  assert.equal(isHeard(attempts, "192.0.2.2"), true);
  clock.advance(59_999);
  assert.throws(() => attempts.require("192.0.2.1"), { retryAfterSeconds: 1 });
  clock.advance(1);
  assert.equal(heardOf(attempts, "192.0.2.1", 100), 20);
});

test("AUTH24 under 1,000 from everywhere an address has one, so that a newcomer is heard", () => {
  const clock = new FakeClock();
  const attempts = new SignInAttempts(clock.now);
  let heard = 0;
  for (let host = 0; host < 200; host += 1) heard += heardOf(attempts, `192.0.2.${host}`, 50);
  // 50 addresses of 20 each, then one each.
  assert.equal(heard, 50 * 20 + 150);
  assert.equal(isHeard(attempts, "198.51.100.1"), true);
  assert.equal(heardOf(attempts, "198.51.100.1", 10), 1);
});

test("AUTH24 the addresses of one IPv6 network are one, in every spelling", () => {
  const attempts = new SignInAttempts(new FakeClock().now);
  const network = [
    "2001:db8::1",
    "2001:0db8:0:0:ffff::2",
    "2001:DB8:0:0:1:2:3:4",
    "2001:db8::%eth0",
  ];
  const heard = network.map((ip) => heardOf(attempts, ip, 10));
  assert.deepEqual(heard, [10, 10, 0, 0]);
  assert.equal(isHeard(attempts, "2001:db8:0:1::1"), true);
  heardOf(attempts, "192.0.2.1", 20);
  assert.equal(isHeard(attempts, "::ffff:192.0.2.1"), false);
  assert.equal(isHeard(attempts, "::1"), true);
});

test("AUTH24 a clock that is set back ends the minute instead of stretching it", () => {
  const clock = new FakeClock();
  const attempts = new SignInAttempts(clock.now);
  heardOf(attempts, "192.0.2.1", 30);
  clock.advance(-3_600_000);
  assert.equal(isHeard(attempts, "192.0.2.1"), true);
});
