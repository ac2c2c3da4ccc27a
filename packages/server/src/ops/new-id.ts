/**
 * Makes the ids the server gives out. Guarantees that they sort, as text, in the order in which
 * they were made by this process (WIRE13), also when the clock stands still or jumps back, and that
 * two processes do not make the same one.
 *
 *   thr_ 0k3v9q2m1a 0003 v8c1t0k2qr4m    10 digits of milliseconds, 4 of a counter, 12 random
 */
/** Prefixes of the server's ids: threads, runs, rollouts, compactions. */
export type IdPrefix = "thr" | "run" | "rol" | "cmp";

const base = 32;
const timeDigits = 10;
const countDigits = 4;
const randomDigits = 12;

/** A maker of ids; `now` in milliseconds since the epoch. */
export function createIdMaker(options: {
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
}): (prefix: IdPrefix) => string {
  let time = 0;
  let count = 0;
  return (prefix) => {
    const now = options.now();
    if (now > time) {
      time = now;
      count = 0;
    } else if (++count === base ** countDigits) {
      time += 1;
      count = 0;
    }
    const random = options.randomBytes(8).readBigUInt64BE().toString(base).slice(-randomDigits);
    return (
      `${prefix}_${time.toString(base).padStart(timeDigits, "0")}` +
      `${count.toString(base).padStart(countDigits, "0")}${random.padStart(randomDigits, "0")}`
    );
  };
}
