/**
 * Puts the deciding of commands in front of the store, with what must happen although nobody
 * asks: runs whose lease has ended are closed, those under way at the start included (RUN13).
 * Called by `app.ts` once the store is open.
 */
import { leaseSeconds } from "@spool/protocol/limits";
import { lanesMax, leaseWatchLimits } from "../limits.ts";
import type { LiveBus } from "../live/live-bus.ts";
import type { Log } from "../ops/log.ts";
import type { IdPrefix } from "../ops/new-id.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { LeaseWatch } from "../threads/lease-watch.ts";
import { ownerOf } from "../threads/server-principal.ts";
import { watchRuns } from "../threads/start-chores.ts";
import { ThreadCommands } from "../threads/thread-commands.ts";

type Parts = {
  readonly store: ThreadStore;
  readonly log: Log;
  /** Wall clock and steady one, in milliseconds. */
  readonly now: () => number;
  readonly monotonic: () => number;
};

/** Commands, and the watch over the leases of the runs they begin; the caller closes the watch. */
export function startCommands(
  { store, log, now, monotonic }: Parts,
  { bus, newId }: { readonly bus: LiveBus; readonly newId: (prefix: IdPrefix) => string },
): { readonly commands: ThreadCommands; readonly leases: LeaseWatch } {
  const steadyStart = monotonic();
  const leases = new LeaseWatch({
    steadyNow: monotonic,
    expire: async (key, ownerUserId) => {
      const owner = ownerOf({ orgId: key.orgId, ownerUserId });
      const { head } = await commands.execute(key, owner, { kind: "expire_run" });
      return commands.leaseUntil(key, head);
    },
    onError: (error) => log.warn({ err: error }, "a run could not be ended and is tried again"),
    isRefusing: () => store.health().state === "refusing",
    ...leaseWatchLimits,
  });
  const commands: ThreadCommands = new ThreadCommands({
    store,
    bus,
    clocks: () => ({ now: now(), steadyNow: monotonic(), steadyStart }),
    onRun: (key, head) => {
      const until = commands.leaseUntil(key, head);
      if (until === null) leases.forget(key);
      else leases.watch(key, head.thread.ownerUserId, until);
    },
    newId,
    lanesMax,
  });
  return { commands, leases };
}

/**
 * Watches the leases of the runs under way at the start, beside the traffic: whoever comes first
 * finds a lapsed lease itself. Never rejects.
 */
export async function watchLeases(parts: Parts, leases: LeaseWatch): Promise<void> {
  const { store, log, monotonic } = parts;
  try {
    // No lease lapses sooner after a start (RUN16).
    const until = monotonic() + leaseSeconds.min * 1_000;
    await watchRuns({ store }, (row) => leases.watch(row, row.ownerUserId, until));
  } catch (error) {
    // At a stop the store is closed under it; the next start begins anew.
    log.warn({ err: error }, "the runs under way could not be listed");
  }
}
