/**
 * Commands on a thread and what deciding them gives. `decide` is pure: state, command, principal
 * and time in; effects or a thrown DomainError out.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { PublishRequest } from "@spool/protocol/publish-parser";
import type { CreateThread, UpdateThread } from "@spool/protocol/requests";
import type { Principal } from "../auth/principal.ts";
import type { Change } from "../store/changes.ts";
import type { RowChanges, ThreadHead } from "../store/rows.ts";

/** Leases, `POST /v1/run` and requested compaction become further kinds here. */
export type Command =
  | { readonly kind: "publish"; readonly request: PublishRequest }
  | { readonly kind: "create"; readonly body: CreateThread }
  | { readonly kind: "update"; readonly body: UpdateThread }
  | { readonly kind: "delete"; readonly force: boolean }
  | { readonly kind: "cancel" }
  /** The server's own, at its start: whoever was compacting is gone (ROL7). */
  | { readonly kind: "abandon_compaction" };

/** What is around a command: who gives it, when, and where new ids come from. */
export type DecideContext = {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newId: (prefix: "rol" | "cmp") => string;
};

/** A transient frame that was accepted for fan-out. */
export type TransientEffect = {
  readonly kind: "transient";
  readonly type: string;
  readonly runId: string;
  readonly rolloutId: string;
  readonly sequenceNumber: number;
  readonly occurredAt: string | null;
  readonly payload: JsonObject;
};

/** What an accepted command does, in the order watchers see it. */
export type Effect = Change | TransientEffect;

/** What deciding an accepted command gives. */
export type Decision = {
  readonly effects: readonly Effect[];
  /** The durable ones of `effects`; nothing is stored where this is empty. */
  readonly changes: readonly Change[];
  readonly head: ThreadHead;
  readonly rows: RowChanges;
  /** For `publish`; the others answer with the thread. */
  readonly answer: PublishAnswer | null;
};
