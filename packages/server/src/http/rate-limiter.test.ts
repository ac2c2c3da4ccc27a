/** Windows of the rate limit, by a clock of the test's own (WIRE11). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { RateLimiter } from "./rate-limiter.ts";

test("WIRE11 a caller has its limit per minute, and another caller its own", () => {
  let now = 1_000;
  const limiter = new RateLimiter({ limit: 2, now: () => now });
  assert.deepEqual(limiter.take("a"), {
    limit: 2,
    remaining: 1,
    resetSeconds: 60,
    isExceeded: false,
  });
  now += 59_001;
  assert.deepEqual(limiter.take("a"), {
    limit: 2,
    remaining: 0,
    resetSeconds: 1,
    isExceeded: false,
  });
  assert.equal(limiter.take("a").isExceeded, true);
  assert.equal(limiter.take("b").isExceeded, false);
  now += 999;
  assert.equal(limiter.take("a").remaining, 1);
});

test("WIRE11 a clock that was set back begins a new window instead of a long one", () => {
  let now = 100_000;
  const limiter = new RateLimiter({ limit: 1, now: () => now });
  limiter.take("a");
  now = 0;
  assert.deepEqual(limiter.take("a"), {
    limit: 1,
    remaining: 0,
    resetSeconds: 60,
    isExceeded: false,
  });
});

test("WIRE11 past its bound the oldest counts are forgotten, not the memory", () => {
  const limiter = new RateLimiter({ limit: 1, now: () => 0, callersMax: 2 });
  for (const caller of ["a", "b", "c"]) limiter.take(caller);
  assert.equal(limiter.take("c").isExceeded, true);
  assert.equal(limiter.take("a").isExceeded, false);
});
