/**
 * Leases of runs (RUN13 to RUN16): when one ends, what renews it, what ends with it. Pure. A lease
 * runs on a clock that never jumps; only what a restart needs is told by the wall clock.
 *
 *   run_started ─▶ renewed by frames and heartbeats ─▶ nothing for leaseSeconds ─▶ interrupted
 *                                                        └─ its publisher comes back ─▶ resumed
 */
import type { RunRow, ThreadHead } from "../store/rows.ts";

/**
 * The lease of the active run: when it ends, in milliseconds of the steady clock, and when that is
 * by the wall clock as it was at the renewal.
 */
export type Lease = { readonly runId: string; readonly until: number; readonly expiresAt: number };

/** Now, by the wall clock (since the epoch) and by one that never jumps; milliseconds. */
export type Clocks = {
  readonly now: number;
  readonly steadyNow: number;
  /** When the server started, by the steady clock. */
  readonly steadyStart: number;
};

/** A server that was down could not be told: no lease lapses sooner after its start (RUN16). */
const graceSeconds = 60;

/** What a stored renewal says may differ by this from what was seen of it, in milliseconds. */
const toleranceMs = 1_000;

/** Renewals that are no event are stored when the stored one is older than this share of a lease. */
const storedShare = 1 / 4;

/** The lease of a loaded thread's active run; `known` is what this process knew of it. */
export function leaseOf(
  head: ThreadHead | null,
  known: Lease | null,
  clocks: Clocks,
): Lease | null {
  const run = head?.run ?? null;
  if (run === null) return null;
  const { now, steadyNow, steadyStart } = clocks;
  const leaseMs = run.leaseSeconds * 1_000;
  // The wall clock may have been set back or forth since: never more than a whole lease.
  const left = Math.min(Math.max(run.renewedAt + leaseMs - now, 0), leaseMs);
  const grace = steadyStart + Math.min(run.leaseSeconds, graceSeconds) * 1_000;
  const until = Math.max(steadyNow + left, grace);
  if (known?.runId === run.runId && until <= known.until + toleranceMs) return known;
  return { runId: run.runId, until, expiresAt: now + Math.round(until - steadyNow) };
}

/** The lease from now on, renewed. */
export function renewedLease(
  { runId, leaseSeconds }: RunRow,
  { now, steadyNow }: Pick<Clocks, "now" | "steadyNow">,
): Lease {
  const leaseMs = leaseSeconds * 1_000;
  return { runId, until: steadyNow + leaseMs, expiresAt: now + leaseMs };
}

/** Whether the active run's lease has ended. */
export function hasLapsed(lease: Lease | null, steadyNow: number): boolean {
  return lease !== null && steadyNow >= lease.until;
}

/** Whether a renewal must be stored, so that a restart finds most of the lease. */
export function isRenewalStored({ renewedAt, leaseSeconds }: RunRow, now: number): boolean {
  return Math.abs(now - renewedAt) >= leaseSeconds * 1_000 * storedShare;
}
