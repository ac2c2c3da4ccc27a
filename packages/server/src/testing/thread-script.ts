/**
 * Commits from simple descriptions, through the fold the server itself uses, and beside them what
 * a store must then hold: rows, message ids, lines, after each commit. The oracle of the store's
 * contract and of its crash tests.
 */
import type { JsonObject } from "@spool/protocol/json";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import { timestampOf } from "@spool/protocol/times";
import type { Change, ThreadCreated } from "../store/changes.ts";
import { encodeEvent } from "../store/event-line.ts";
import {
  foldChanges,
  leaseExpired,
  type MessageIdRow,
  type RolloutRow,
  RowFold,
  type RunRow,
  revisionOf,
  type ThreadHead,
  type ThreadRow,
} from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { Commit } from "../store/thread-store.ts";

/** Where a thread stands when a step is taken. */
type Place = { readonly key: ThreadKey; readonly head: ThreadHead | null; readonly now: number };

/** One change, described without what follows from the thread it happens to. */
export type Step = (place: Place) => Change;

/** An event as a store must give it back. */
export type ExpectedEvent = {
  readonly sequence: number;
  readonly rolloutId: string;
  readonly type: string;
  readonly line: Buffer;
};

/** All that a store must hold of a thread; `thread` null before it is created. */
export type ExpectedThread = {
  readonly thread: ThreadRow | null;
  readonly head: ThreadHead | null;
  readonly rollouts: readonly RolloutRow[];
  readonly runs: readonly RunRow[];
  readonly messageIds: readonly string[];
  readonly events: readonly ExpectedEvent[];
};

/** The thread begins; rollout `rol_<thread id without prefix>` unless another is named. */
export function created(fields: Partial<ThreadCreated> = {}): Step {
  return ({ key, now }) => ({
    kind: "thread_created",
    ownerUserId: "alice",
    rolloutId: `rol_${key.threadId.slice(4)}`,
    agentId: null,
    title: null,
    executionMode: null,
    metadata: {},
    parentThreadId: null,
    parentToolCallId: null,
    createdAt: now,
    ...fields,
  });
}

/** What may be said about an event; without `runId` it is of the active run, if there is one. */
export type EventOptions = {
  readonly runId?: string | null;
  readonly rolloutId?: string;
  /** False: an event of the server, without a `runSequence`. */
  readonly numbered?: boolean;
  readonly occurredAt?: string;
};

/** An event of any type. */
export function event(type: string, payload: JsonObject = {}, options: EventOptions = {}): Step {
  return ({ key, head, now }) => {
    const run = head?.run ?? null;
    const runId = options.runId === undefined ? (run?.runId ?? null) : options.runId;
    const numbered = runId !== null && options.numbered !== false;
    const lastNumber = type === "run_started" ? 0 : (run?.runSequence ?? 0);
    return {
      kind: "event",
      ...encodeEvent({
        sequence: (head?.thread.sequence ?? 0) + 1,
        type,
        threadId: key.threadId,
        rolloutId: options.rolloutId ?? (head?.rollout.rolloutId as string),
        runId,
        ...(numbered ? { runSequence: lastNumber + 1 } : {}),
        createdAt: timestampOf(now),
        ...(options.occurredAt === undefined ? {} : { occurredAt: options.occurredAt }),
        payload,
      }),
    };
  };
}

/** A run-less user message. */
export function message(content: string, messageId?: string): Step {
  const payload = { content, ...(messageId === undefined ? {} : { messageId }) };
  return event("user_message", payload, { runId: null });
}

/** A run begins. */
export function runStarted(runId: string, payload: JsonObject = {}): Step {
  return event("run_started", payload, { runId });
}

/** The active run ends. */
export function runCompleted(status = "completed", payload: JsonObject = {}): Step {
  return event("run_completed", { status, ...payload });
}

/** The active run's publisher is heard of, without an event. */
export function leaseRenewed(): Step {
  return ({ head, now }) => ({
    kind: "lease_renewed",
    runId: head?.run?.runId ?? "run_gone",
    renewedAt: now,
  });
}

/** The lease of the active run has ended. */
export function runLapsed(): Step {
  const payload = { status: "interrupted", reason: leaseExpired };
  return event("run_completed", payload, { numbered: false });
}

/** A lapsed run goes on. */
export function runReopened(runId: string): Step {
  return event("run_started", { resumed: true }, { runId, numbered: false });
}

/** A compaction that was started ends: its summary begins the rollout of this id. */
export function compacted(rolloutId: string, summary = "so far"): Step {
  return event("compaction_completed", { status: "completed", summary }, { rolloutId });
}

/** The title is set. */
export function renamed(title: string | null, source: "user" | "message" = "user"): Step {
  const titleSource = title === null ? null : source;
  return () => ({ kind: "thread_renamed", title, titleSource });
}

/** Into the archive, or out of it. */
export function archived(yes = true): Step {
  return ({ now }) => ({ kind: "thread_archived", archivedAt: yes ? now : null });
}

/** The metadata is replaced. */
export function metadataSet(metadata: JsonObject): Step {
  return () => ({ kind: "metadata_set", metadata });
}

/** The thread is deleted. */
export function deleted(byUserId = "alice"): Step {
  return ({ now }) => ({ kind: "thread_deleted", deletedAt: now, deletedByUserId: byUserId });
}

const nothing: ExpectedThread = {
  thread: null,
  head: null,
  rollouts: [],
  runs: [],
  messageIds: [],
  events: [],
};

/** One thread as a test writes it. Version n is the thread after n commits. */
export class ThreadScript {
  readonly key: ThreadKey;
  readonly #now: () => number;
  readonly #versions: ExpectedThread[] = [nothing];

  constructor(key: ThreadKey, now: () => number) {
    this.key = key;
    this.#now = now;
  }

  /** Commits made so far. */
  get version(): number {
    return this.#versions.length - 1;
  }

  get revision(): number {
    return revisionOf(this.expected().thread ?? undefined);
  }

  /** What a store holds after `version` commits, by default after all. */
  expected(version = this.version): ExpectedThread {
    return this.#versions[version] as ExpectedThread;
  }

  /** The version that has a revision, or null. */
  versionAt(revision: number): number | null {
    const at = this.#versions.findIndex(
      ({ thread }) => revisionOf(thread ?? undefined) === revision,
    );
    return at < 0 ? null : at;
  }

  /** Forgets the commits after `version`: they came to nothing. */
  rewind(version: number): void {
    this.#versions.length = version + 1;
  }

  /** The next commit, decided on all commits before. */
  commit(...steps: readonly Step[]): Commit {
    const before = this.expected();
    const fold = new RowFold(this.key, before.head);
    const changes: Change[] = [];
    let { head } = before;
    for (const step of steps) {
      const change = step({ key: this.key, head, now: this.#now() });
      ({ head } = fold.apply(change));
      changes.push(change);
    }
    const commit = { key: this.key, expectedRevision: this.revision, changes, rows: fold.rows() };
    this.#versions.push(after(before, commit, fold.head));
    return commit;
  }

  /** The commit of a staged history, which is `whole`'s, under what was set here before. */
  import(stageId: string, staged: ThreadHead, whole: ThreadScript): Commit {
    const own = this.expected().thread;
    const source = whole.expected();
    const { title, titleSource, archivedAt, metadata } = own ?? (source.thread as ThreadRow);
    const fewer = Math.max(0, (own?.sequence ?? 0) - staged.thread.sequence);
    const metaVersion = (own?.metaVersion ?? 0) + fewer + 1;
    const set = { title, titleSource, archivedAt, metadata, metaVersion };
    const head = { ...staged, thread: { ...staged.thread, ...set } };
    const changes = [{ kind: "thread_imported", stageId, head }] as const;
    const { rows } = foldChanges(this.key, this.expected().head, changes);
    const commit = { key: this.key, expectedRevision: this.revision, changes, rows };
    this.#versions.push({ ...source, thread: head.thread, head });
    return commit;
  }
}

function after(before: ExpectedThread, commit: Commit, head: ThreadHead): ExpectedThread {
  const { rows, changes } = commit;
  if (rows.thread.deletedAt !== null) return { ...nothing, thread: rows.thread, head };
  const rollouts = new Map(before.rollouts.map((row) => [row.index, row]));
  for (const row of rows.rollouts) rollouts.set(row.index, row);
  const runs = new Map(before.runs.map((row) => [row.runId, row]));
  for (const row of rows.runs) runs.set(row.runId, row);
  const newIds = rows.messageIds.map(({ messageId }: MessageIdRow) => messageId);
  const newEvents = changes.flatMap((change) => {
    if (change.kind !== "event") return [];
    const { sequence, rolloutId, type } = change.event;
    return [{ sequence, rolloutId, type, line: change.line }];
  });
  return {
    thread: rows.thread,
    head,
    rollouts: [...rollouts.values()],
    runs: [...runs.values()],
    messageIds: [...before.messageIds, ...newIds].slice(-runlessMessageIdsMax),
    events: newEvents.length === 0 ? before.events : [...before.events, ...newEvents],
  };
}
