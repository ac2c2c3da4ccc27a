/**
 * Commands on a thread and what deciding them gives. `decide` is pure: state, command, principal
 * and time in; effects or a thrown DomainError out.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { PublishRequest } from "@spool/protocol/publish-parser";
import type { CreateThread, RegisterRun, UpdateThread } from "@spool/protocol/requests";
import type { Principal } from "../auth/principal.ts";
import type { Change } from "../store/changes.ts";
import type { EventLine } from "../store/event-line.ts";
import type { RowChanges, ThreadHead } from "../store/rows.ts";
import type { ImportBase, ImportPlan } from "./decide-import.ts";
import type { Clocks } from "./leases.ts";

/** Everything that may be asked of a thread. */
export type Command =
  | { readonly kind: "publish"; readonly request: PublishRequest }
  | { readonly kind: "create"; readonly body: CreateThread }
  | { readonly kind: "update"; readonly body: UpdateThread }
  | { readonly kind: "delete"; readonly force: boolean }
  | { readonly kind: "cancel" }
  /** Checked and compared on the thread as it stood at `base` (`thread-imports.ts`). */
  | { readonly kind: "import"; readonly base: ImportBase; readonly plan: ImportPlan }
  /** `POST /v1/run` (RUN17). */
  | { readonly kind: "register_run"; readonly runId: string; readonly body: RegisterRun }
  /** The server's own: ends the active run if its lease has ended (RUN13). */
  | { readonly kind: "expire_run" }
  /** The server's own, at its start: whoever was compacting is gone (ROL7). */
  | { readonly kind: "abandon_compaction" }
  /** Begins a requested compaction of the rollout that was looked at (ROL12). */
  | {
      readonly kind: "start_compaction";
      readonly rolloutId: string;
      /** Whether there is a message since the last compaction. */
      readonly hasMessages: boolean;
      readonly instructions: string | null;
    }
  /** Ends a requested compaction with what its `compaction_completed` says. */
  | {
      readonly kind: "end_compaction";
      readonly compactionId: string;
      readonly payload: JsonObject;
    };

/** What is around a command: who gives it, when, and where new ids come from. */
export type DecideContext = Clocks & {
  readonly principal: Principal;
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

/** Many events became the thread's at once; `last` is the last of them (MOVE9). */
export type ImportedEffect = {
  readonly kind: "imported";
  /** Whether events that watchers have seen are gone. */
  readonly rewrites: boolean;
  readonly last: EventLine;
};

/** What an accepted command does, in the order watchers see it. */
export type Effect = Change | TransientEffect | ImportedEffect;

/** What deciding an accepted command gives. */
export type Decision = {
  readonly effects: readonly Effect[];
  /** The durable ones of `effects`; nothing is stored where this is empty. */
  readonly changes: readonly Change[];
  readonly head: ThreadHead;
  readonly rows: RowChanges;
  /** The active run's publisher was heard of: its lease counts anew. */
  readonly renews: boolean;
  /** For `publish`; the others answer with the thread. */
  readonly answer: PublishAnswer | null;
};
