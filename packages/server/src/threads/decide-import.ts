/**
 * What an import does to its thread (MOVE3, MOVE6, MOVE8). Pure. All lines were checked and compared
 * before, on the thread as it stood at `base`; where it stands elsewhere now, nothing is done.
 */
import { DomainError } from "@spool/protocol/errors";
import type { ThreadCreated } from "../store/changes.ts";
import type { EventLine } from "../store/event-line.ts";
import type { ThreadHead, ThreadRow } from "../store/rows.ts";
import type { Command, DecideContext, Decision } from "./command.ts";
import { Draft } from "./draft.ts";
import { refuseTakenId } from "./existing-thread.ts";
import { closingEvents } from "./import-closing.ts";
import type { ThreadState } from "./state.ts";

/** Title and archive state, which no event tells. */
export type ImportedMarks = Pick<ThreadRow, "title" | "titleSource" | "archivedAt">;

/** What an import adds. */
export type ImportPlan =
  | { readonly kind: "nothing" }
  /** Lines behind those that are there; `created` and `marks` count where there is no thread. */
  | {
      readonly kind: "lines";
      readonly created: ThreadCreated;
      readonly marks: ImportedMarks;
      readonly lines: readonly EventLine[];
    }
  /** A whole staged history, closed already. */
  | {
      readonly kind: "staged";
      readonly stageId: string;
      readonly head: ThreadHead;
      readonly marks: ImportedMarks;
      readonly last: EventLine;
      /** Events that watchers have seen are gone: those that closed the last import. */
      readonly rewrites: boolean;
    };

/** Where the thread stood when the import was compared with it; null: there was none. */
export type ImportBase = Pick<ThreadRow, "sequence" | "crc"> | null;

/** Decides an import. Throws THREAD_BUSY where the thread was written to since it was compared. */
export function decideImport(
  state: ThreadState,
  { base, plan }: Extract<Command, { kind: "import" }>,
  context: DecideContext,
): Decision {
  const { head } = state;
  if (head !== null) refuseTakenId(head, context);
  const { sequence, crc } = head?.thread ?? { sequence: null, crc: null };
  if (sequence !== (base?.sequence ?? null) || crc !== (base?.crc ?? null)) throw writtenTo();
  const draft = new Draft(state, context);
  if (plan.kind === "lines") addLines(draft, state, plan, context);
  if (plan.kind === "staged") takeStaged(draft, state, plan);
  return draft.finish(null);
}

function addLines(
  draft: Draft,
  { key, head }: ThreadState,
  { created, marks, lines }: Extract<ImportPlan, { kind: "lines" }>,
  context: DecideContext,
): void {
  if (head === null) draft.change(created);
  for (const line of lines) draft.change({ kind: "event", ...line });
  for (const line of closingEvents(key, draft.head, context.now)) {
    draft.change({ kind: "event", ...line });
  }
  const { title, titleSource, archivedAt } = marks;
  if (draft.head.thread.title === null && title !== null) {
    draft.change({ kind: "thread_renamed", title, titleSource });
  }
  if (head === null && archivedAt !== null) draft.change({ kind: "thread_archived", archivedAt });
}

/** What a person or an earlier import set here stays. */
function takeStaged(
  draft: Draft,
  { head }: ThreadState,
  { stageId, head: staged, marks, last, rewrites }: Extract<ImportPlan, { kind: "staged" }>,
): void {
  const own = head?.thread ?? null;
  const titled = own !== null && own.title !== null ? own : marks;
  // The revision must rise also where events go that closed the history.
  const fewer = Math.max(0, (own?.sequence ?? 0) - staged.thread.sequence);
  const thread: ThreadRow = {
    ...staged.thread,
    metadata: own?.metadata ?? staged.thread.metadata,
    title: titled.title,
    titleSource: titled.titleSource,
    archivedAt: own === null ? marks.archivedAt : own.archivedAt,
    metaVersion: (own?.metaVersion ?? 0) + fewer + 1,
  };
  draft.change({ kind: "thread_imported", stageId, head: { ...staged, thread } });
  draft.tell({ kind: "imported", rewrites, last });
}

function writtenTo(): DomainError {
  return new DomainError(
    "THREAD_BUSY",
    "The thread was written to while the import came in. Nothing was imported; send it again.",
    { details: { reason: "written_to" }, retryAfterSeconds: 1 },
  );
}
