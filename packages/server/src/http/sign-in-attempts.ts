/**
 * Limits wrong sign-ins (AUTH24). Only wrong ones count, so that nobody is locked out by signing in;
 * an address that tried wrongly too often waits until the minute is over, and nobody else does.
 * Memory is bounded. Asked by the sign-in route before it looks at a key or code.
 *
 *   few wrong ones in all:   an address has 20 a minute
 *   1,000 from everywhere:   an address has 1 a minute; one that has none yet is still heard
 */
import { isIPv6 } from "node:net";
import { DomainError } from "@spool/protocol/errors";
import { ratedCallersMax, rateWindowMs, wrongSignIns } from "../limits.ts";

/** The wrong sign-ins of the running minute. */
export class SignInAttempts {
  readonly #now: () => number;
  readonly #wrong = new Map<string, number>();
  #total = 0;
  #beganAt = Number.NEGATIVE_INFINITY;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws RATE_LIMITED when the address `ip` has to wait. */
  require(ip: string): void {
    const leftMs = this.#renew();
    const wrong = this.#wrong.get(networkOf(ip)) ?? 0;
    const limit = this.#total < wrongSignIns.max ? wrongSignIns.perAddressMax : 1;
    if (wrong < limit) return;
    const retryAfterSeconds = Math.max(1, Math.ceil(leftMs / 1_000));
    throw new DomainError(
      "RATE_LIMITED",
      `Too many wrong sign-ins from this address. Wait ${retryAfterSeconds} s and try again.`,
      { retryAfterSeconds },
    );
  }

  /** Counts a wrong sign-in of the address `ip`. */
  countWrong(ip: string): void {
    this.#renew();
    this.#total += 1;
    const network = networkOf(ip);
    const wrong = (this.#wrong.get(network) ?? 0) + 1;
    this.#wrong.delete(network);
    this.#wrong.set(network, wrong);
    if (this.#wrong.size <= ratedCallersMax) return;
    this.#wrong.delete(this.#wrong.keys().next().value as string);
  }

  /** Begins a new minute when it is time; gives the milliseconds that are left of this one. */
  #renew(): number {
    const at = this.#now();
    const age = at - this.#beganAt;
    // The lower bound: a clock that was set back must not stretch the minute.
    if (age >= 0 && age < rateWindowMs) return rateWindowMs - age;
    this.#beganAt = at;
    this.#wrong.clear();
    this.#total = 0;
    return rateWindowMs;
  }
}

/** Of IPv6 the first 64 bits, which one customer has whole; a mapped IPv4 address is that one. */
function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = ip.replace(/%.*$/, "").toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
