/**
 * Takes threads in from other servers' exports (MOVE2 to MOVE8): checks each line as it comes,
 * compares it with what is here, keeps what is new in memory while it is little and stages it in the
 * store beyond that, and gives it to the thread in one command at the end. Memory is bounded, and
 * nobody sees anything before all of it is there.
 */
import { DomainError } from "@spool/protocol/errors";
import type { Thread } from "@spool/protocol/resources";
import type { ExportHeader } from "@spool/protocol/thread-export";
import type { ThreadCreated } from "../store/changes.ts";
import { decodeEvent, type EventLine } from "../store/event-line.ts";
import type { ThreadHead } from "../store/rows.ts";
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import type { StagedHistory, ThreadStore } from "../store/thread-store.ts";
import type { ImportBase, ImportedMarks, ImportPlan } from "./decide-import.ts";
import { refuseTakenId } from "./existing-thread.ts";
import { closingEvents } from "./import-closing.ts";
import { ImportComparison, storedLines } from "./import-comparison.ts";
import { importedCreation, parseImportHeader } from "./import-header.ts";
import { ImportHistory } from "./import-history.ts";
import { type ImportLine, importLines } from "./import-lines.ts";
import { threadView } from "./resource-view.ts";
import type { ThreadCommands } from "./thread-commands.ts";
import type { Caller } from "./visible-thread.ts";

/** What importing needs; `now` in milliseconds since the epoch. */
export type ImportSources = {
  readonly store: ThreadStore;
  readonly commands: ThreadCommands;
  readonly now: () => number;
  /** Bytes of new lines that are committed as they are; more are staged. */
  readonly commitBytesMax: number;
  /** Imports under way at a time. */
  readonly atOnceMax: number;
};

/** What an import came to. */
export type Imported = {
  readonly thread: Thread;
  readonly appended: number;
  readonly isNew: boolean;
};

/** The imports of one server. */
export class ThreadImports {
  readonly #sources: ImportSources;
  /** The last import under way by thread: another of the same waits for it. */
  readonly #lanes = new Map<string, Promise<unknown>>();
  #running = 0;

  constructor(sources: ImportSources) {
    this.#sources = sources;
  }

  /** Takes in the thread of one body. Rejects with the DomainError that refuses it. */
  async take(caller: Caller, chunks: AsyncIterable<Buffer>): Promise<Imported> {
    if (this.#running >= this.#sources.atOnceMax) throw tooMany();
    this.#running += 1;
    try {
      const lines = importLines(chunks);
      const first = await lines.next();
      const { orgId } = caller.principal;
      const header = parseImportHeader(first.done ? nothing : first.value);
      const key = { orgId, threadId: header.thread.id };
      return await this.#inTurn(key, () => {
        return new Import(this.#sources, caller, { key, header }).run(lines);
      });
    } finally {
      this.#running -= 1;
    }
  }

  async #inTurn<Result>(key: ThreadKey, work: () => Promise<Result>): Promise<Result> {
    const text = keyText(key);
    const before = this.#lanes.get(text) ?? Promise.resolve();
    const own = before.then(work);
    const settled = own.catch(() => undefined); // told to its own caller
    this.#lanes.set(text, settled);
    try {
      return await own;
    } finally {
      if (this.#lanes.get(text) === settled) this.#lanes.delete(text);
    }
  }
}

const nothing: ImportLine = { number: 1, bytes: Buffer.alloc(0) };

/** One import. */
class Import {
  readonly #sources: ImportSources;
  readonly #caller: Caller;
  readonly #key: ThreadKey;
  readonly #history: ImportHistory;
  readonly #created: ThreadCreated;
  readonly #marks: ImportedMarks;
  /** New lines that are not staged. */
  #lines: EventLine[] = [];
  #lineBytes = 0;
  #staged: StagedHistory | null = null;
  #appended = 0;
  #last: EventLine | null = null;

  constructor(
    sources: ImportSources,
    caller: Caller,
    { key, header }: { key: ThreadKey; header: ExportHeader },
  ) {
    const { userId } = caller.principal;
    this.#sources = sources;
    this.#caller = caller;
    this.#key = key;
    this.#history = new ImportHistory(key, header, userId);
    this.#created = importedCreation(header, userId);
    const { title, titleSource, archivedAt } = header.thread;
    this.#marks = {
      title,
      titleSource,
      archivedAt: archivedAt === null ? null : Date.parse(archivedAt),
    };
  }

  async run(lines: AsyncIterable<ImportLine>): Promise<Imported> {
    const head = (await this.#sources.store.load(this.#key))?.head ?? null;
    if (head !== null) refuseTakenId(head, this.#caller);
    try {
      const comparison = await this.#readAll(lines, head);
      return await this.#commit(head, comparison);
    } finally {
      await this.#staged?.discard();
    }
  }

  async #readAll(
    lines: AsyncIterable<ImportLine>,
    head: ThreadHead | null,
  ): Promise<ImportComparison> {
    const { store } = this.#sources;
    const comparison = new ImportComparison(store, this.#key, head?.thread.sequence ?? 0);
    for await (const line of lines) {
      const event = this.#history.take(line);
      const compared = await comparison.take(event);
      if (compared === "other") throw otherHistory(this.#key.threadId, event.event.sequence);
      if (compared === "new") await this.#add(event, comparison, head);
    }
    this.#history.finish();
    return comparison;
  }

  async #add(
    line: EventLine,
    comparison: ImportComparison,
    head: ThreadHead | null,
  ): Promise<void> {
    this.#appended += 1;
    this.#last = line;
    if (this.#staged !== null) return this.#staged.add(line);
    this.#lines.push(line);
    this.#lineBytes += line.line.length;
    if (this.#lineBytes > this.#sources.commitBytesMax) await this.#stage(comparison, head);
  }

  /** Begins a staged history: what both have, then the lines that were kept in memory. */
  async #stage({ common }: ImportComparison, head: ThreadHead | null): Promise<StagedHistory> {
    const { store } = this.#sources;
    const staged = await store.stage(
      this.#key,
      head === null ? this.#created : createdAs(head, this.#created),
    );
    this.#staged = staged;
    for await (const line of storedLines(store, this.#key, common)) {
      await staged.add(decodeEvent(line));
    }
    for (const line of this.#lines) await staged.add(line);
    this.#lines = [];
    return staged;
  }

  async #commit(head: ThreadHead | null, comparison: ImportComparison): Promise<Imported> {
    const { commands } = this.#sources;
    const { principal } = this.#caller;
    const plan = await this.#plan(head, comparison);
    const base: ImportBase = head === null ? null : head.thread;
    const command = { kind: "import", base, plan } as const;
    const result = await commands.execute(this.#key, principal, command);
    const { thread } = result.head;
    return {
      thread: threadView(thread, "owner"),
      appended: plan.kind === "nothing" ? 0 : this.#appended,
      isNew: head === null,
    };
  }

  async #plan(head: ThreadHead | null, comparison: ImportComparison): Promise<ImportPlan> {
    if (head !== null && !comparison.adds) return { kind: "nothing" };
    const marks = this.#marks;
    const rewrites = comparison.replacesClosing;
    // An empty thread has a rollout already, perhaps under another id.
    const begins = head !== null && head.rollout.rolloutId !== this.#created.rolloutId;
    const isWhole = rewrites || (begins && head.thread.sequence === 0);
    if (this.#staged === null && !isWhole) {
      return { kind: "lines", created: this.#created, marks, lines: this.#lines };
    }
    const staged = this.#staged ?? (await this.#stage(comparison, head));
    for (const line of closingEvents(this.#key, this.#history.head, this.#sources.now())) {
      await staged.add(line);
      this.#last = line;
    }
    const last = this.#last as EventLine;
    return {
      ...{ kind: "staged", stageId: staged.id, marks, rewrites, last },
      head: await staged.finish(),
    };
  }
}

/** How a thread that is here began, for staging it whole. */
function createdAs({ thread }: ThreadHead, { rolloutId }: ThreadCreated): ThreadCreated {
  return {
    kind: "thread_created",
    ownerUserId: thread.ownerUserId,
    rolloutId,
    agentId: thread.agentId,
    title: thread.title,
    executionMode: thread.executionMode,
    metadata: thread.metadata,
    parentThreadId: thread.parentThreadId,
    parentToolCallId: thread.parentToolCallId,
    createdAt: thread.createdAt,
  };
}

/** Neither history is the beginning of the other (MOVE6). */
function otherHistory(threadId: string, sequence: number): DomainError {
  return new DomainError(
    "THREAD_ID_TAKEN",
    `Thread ${threadId} is here with another history: event ${sequence} is not the same. ` +
      "Nothing was imported; delete the one that is not wanted.",
    { details: { sequence } },
  );
}

function tooMany(): DomainError {
  return new DomainError(
    "OVERLOADED",
    "Too many imports are under way. Nothing was imported; wait and send it again.",
    { retryAfterSeconds: 5 },
  );
}
