/**
 * A clock that stands still until a test moves it, so that no test waits for time to pass and
 * times in results are known in advance.
 */
import type { Clocks } from "../threads/leases.ts";

/** Where fake clocks begin, in milliseconds since the epoch: 2026-01-31T12:00:00Z. */
export const fakeClockStart = Date.UTC(2026, 0, 31, 12);

/**
 * Time in milliseconds since the epoch, and beside it what a clock that never jumps says; `now` and
 * `steadyNow` can be handed on without the clock.
 */
export class FakeClock {
  time: number;
  #jumps = 0;

  constructor(start = fakeClockStart) {
    this.time = start;
  }

  readonly now = (): number => this.time;

  readonly steadyNow = (): number => this.time - this.#jumps;

  /** The wall clock is set, by milliseconds; no time passes. */
  jump(milliseconds: number): void {
    this.time += milliseconds;
    this.#jumps += milliseconds;
  }

  /** Moves the clock by milliseconds and returns the new time. */
  advance(milliseconds: number): number {
    this.time += milliseconds;
    return this.time;
  }
}

/** Both clocks of deciding at one time; the server started long before. */
export function clocksOf(time: number): Clocks {
  return { now: time, steadyNow: time, steadyStart: 0 };
}
