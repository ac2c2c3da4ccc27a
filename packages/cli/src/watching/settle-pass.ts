/**
 * What a pass over a session file, or its failure, means for the file: what is kept of it, what is
 * told, and what comes next. Does no I/O; used by `session-watch.ts` (WATCH2, WATCH6).
 */
import { SpoolError } from "@spool/client/spool-error";
import { failureMessage } from "../failure-message.ts";
import { movesOn } from "./file-plan.ts";
import type { PassResult, ThreadProgress } from "./followed-session.ts";
import { planRefusal, type RefusalPlan } from "./refusal-plan.ts";
import { FileReplaced } from "./session-reader.ts";
import type { WatchEvent } from "./watch-event.ts";
import type { WatchedFile } from "./watched-file.ts";

/**
 * `rest` until it changes; `more` can be read at once; `again`, in its turn; `later`, which only a
 * refusal keeps from being sooner; `gone`; `stop` everything.
 */
export type Next =
  | { readonly kind: "rest" | "more" | "again" | "gone" }
  | { readonly kind: "later"; readonly afterMs: number; readonly isDelayed: boolean }
  | { readonly kind: "stop"; readonly error: unknown };

/** What settling needs of the watch. */
export type Settling = {
  /** The server's address, for messages. */
  readonly url: string;
  /** The run of a thread whose batch was refused last. */
  readonly refusedRun: (threadId: string) => string | null;
  readonly onEvent: (event: WatchEvent) => void;
};

/** A last line without its newline counts as it is once its file has rested so long. */
export const restMs = 2_000;
/** After a failure of this machine's own. */
const troubleMs = 5_000;
/** A shorter wait is not told of. */
const delayedMs = 10_000;

/** A pass has ended: moves the file's position, or notes what was refused. */
export function settlePass(file: WatchedFile, result: PassResult, settling: Settling): Next {
  const { end, threads, problems } = result;
  const [first] = problems;
  if (first !== undefined) {
    const more = problems.length === 1 ? "" : `, and ${problems.length - 1} more like it`;
    problem(file, `line ${first.line}: ${first.problem}${more}`, settling);
  }
  const refused = threads.find(({ error }) => error !== null);
  if (refused !== undefined) return settleRefusal(file, refused, settling);
  file.isRepeated = false;
  if (movesOn(file.published, end.published, file.seen)) file.published = end.published;
  if (file.session?.isForeign) {
    tellOnce(file, "is not a session of a known agent", settling);
    file.published = { ...end.published, position: file.seen.size };
    return { kind: "rest" };
  }
  if (end.rest === "more") return { kind: "more" };
  if (end.rest === "tail") return { kind: "later", afterMs: restMs + 100, isDelayed: false };
  return { kind: "rest" };
}

/** A pass has thrown. */
export function settleFailure(file: WatchedFile, error: unknown, settling: Settling): Next {
  file.session = null;
  if (error instanceof FileReplaced) {
    file.published = null;
    return { kind: "again" };
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return { kind: "gone" };
  if (code === "EMFILE" || code === "ENFILE") {
    return { kind: "later", afterMs: troubleMs, isDelayed: true };
  }
  if (code === undefined || error instanceof SpoolError) return { kind: "stop", error };
  tellOnce(file, failureMessage(error, settling.url), settling);
  return { kind: "rest" };
}

function settleRefusal(file: WatchedFile, thread: ThreadProgress, settling: Settling): Next {
  const { threadId, error } = thread;
  const plan = planRefusal(error, file.isRepeated);
  file.session = null;
  file.isRepeated = true;
  if (plan.kind === "stop") return { kind: "stop", error };
  if (plan.kind === "later") {
    const isLong = plan.afterMs >= delayedMs;
    if (isLong) outcome("delayed", { file, threadId, runId: null, error }, settling);
    return { kind: "later", afterMs: plan.afterMs, isDelayed: true };
  }
  if (plan.kind !== "again") leaveOut(file, plan, thread, settling);
  return { kind: "again" };
}

function leaveOut(
  file: WatchedFile,
  { kind }: RefusalPlan,
  { threadId, error }: ThreadProgress,
  settling: Settling,
): void {
  const runId = kind === "leave_run" ? settling.refusedRun(threadId) : null;
  if (runId === null) file.leftOut.threads.add(threadId);
  else file.leftOut.runs.add(runId);
  file.isRepeated = false;
  outcome("left_out", { file, threadId, runId, error }, settling);
}

type Refused = {
  readonly file: WatchedFile;
  readonly threadId: string;
  readonly runId: string | null;
  readonly error: unknown;
};

function tellOnce(file: WatchedFile, message: string, settling: Settling): void {
  if (!file.isToldOf) problem(file, message, settling);
  file.isToldOf = true;
}

function problem({ path }: WatchedFile, message: string, { onEvent }: Settling): void {
  onEvent({ type: "problem", file: path, message });
}

function outcome(
  type: "left_out" | "delayed",
  { file, error, ...what }: Refused,
  { onEvent, url }: Settling,
): void {
  const code = error instanceof SpoolError ? error.code : "FAILED";
  onEvent({ type, file: file.path, ...what, code, message: failureMessage(error, url) });
}
