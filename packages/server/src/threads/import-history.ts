/**
 * The events of an import, one after the other: each must be what a server like this one could
 * have appended at its place (MOVE5). Folds them as they come, by the one fold there is, which would
 * fail where these checks had not refused before. Pure but for what it remembers of the lines so far.
 */
import { crc32 } from "node:zlib";
import { importPartsMax } from "@spool/protocol/limits";
import type { Event } from "@spool/protocol/resources";
import { storedEventProblem } from "@spool/protocol/stored-event";
import type { ExportHeader } from "@spool/protocol/thread-export";
import type { Problem } from "@spool/protocol/validator";
import { type EventLine, typeOfLine } from "../store/event-line.ts";
import { applyChange, type RolloutRow, type ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import { importedCreation, parsedLine } from "./import-header.ts";
import { badLine, type ImportLine } from "./import-lines.ts";

/** Types that a server appends by itself, or for a run that it registers: without a number. */
const unnumberedTypes: ReadonlySet<string> = new Set([
  "run_started",
  "run_completed",
  "user_message",
  "compaction_started",
  "compaction_completed",
]);

/** The history of one import as far as it came in. */
export class ImportHistory {
  readonly #key: ThreadKey;
  readonly #header: ExportHeader;
  readonly #runIds = new Set<string>();
  #head: ThreadHead;

  constructor(key: ThreadKey, header: ExportHeader, ownerUserId: string) {
    this.#key = key;
    this.#header = header;
    this.#head = applyChange(key, null, importedCreation(header, ownerUserId)).head;
  }

  /** The thread behind the last event. */
  get head(): ThreadHead {
    return this.#head;
  }

  /** Takes the next line. Throws INVALID_REQUEST with `details.line`. */
  take(line: ImportLine): EventLine {
    const value = parsedLine(line);
    const problem =
      storedEventProblem(value) ??
      this.#placeProblem(value as Event, line.bytes) ??
      this.#runProblem(value as Event) ??
      this.#compactionProblem(value as Event) ??
      this.#rolloutProblem(value as Event);
    if (problem !== null) throw badLine(line.number, problem);
    const event = value as Event;
    const taken: EventLine = { event, line: line.bytes, crc: crc32(line.bytes) };
    const { head, closedRollout } = applyChange(this.#key, this.#head, { kind: "event", ...taken });
    if (closedRollout !== null) this.#checkRollout(closedRollout);
    this.#head = head;
    if (event.type === "run_started" && event.runId !== null) this.#runIds.add(event.runId);
    return taken;
  }

  /** All lines are there and what line 1 says of them is so. Throws INVALID_REQUEST. */
  finish(): void {
    const { thread } = this.#header;
    const { sequence } = this.#head.thread;
    if (sequence < thread.sequence) {
      const problem = `is missing: the file ends at event ${sequence} of ${thread.sequence}`;
      throw badLine(sequence + 2, { path: "", problem });
    }
    this.#checkRollout(this.#head.rollout);
    const last = this.#header.rollouts.length - 1;
    if (last === this.#head.rollout.index) return;
    throw badLine(1, { path: `/rollouts/${last}`, problem: "has no event" });
  }

  #placeProblem(event: Event, bytes: Buffer): Problem | null {
    const { sequence, updatedAt } = this.#head.thread;
    const expected = sequence + 1;
    if (event.sequence !== expected) {
      return { path: "/sequence", problem: `must be ${expected}, the next one` };
    }
    if (expected > this.#header.thread.sequence) {
      return { path: "/sequence", problem: "is beyond the thread's, which line 1 tells" };
    }
    if (event.threadId !== this.#header.thread.id) {
      return { path: "/threadId", problem: "is not the thread of line 1" };
    }
    if (Date.parse(event.createdAt) < updatedAt) {
      return { path: "/createdAt", problem: "is earlier than what came before" };
    }
    // A name that stands twice would be read one way here and another way there.
    if (typeOfLine(bytes) !== event.type) return { path: "/type", problem: "stands twice" };
    return null;
  }

  /** PUB3, RUN2, RUN4, RUN5: one run at a time, its numbers in order, no event outside of it. */
  #runProblem(event: Event): Problem | null {
    const { type, runId, runSequence } = event;
    if (runId === null) return null;
    const { run, lapsed } = this.#head;
    if (type === "run_started") {
      if (run !== null) return { path: "/runId", problem: `starts while ${run.runId} is active` };
      const goesOn = lapsed?.runId === runId;
      if (this.#runIds.has(runId) && !goesOn) {
        return { path: "/runId", problem: "is of a run that has ended" };
      }
      if (this.#runIds.size + this.#head.rollout.index > importPartsMax) {
        return { path: "/runId", problem: `is one of more than ${importPartsMax} runs` };
      }
      return numberProblem(event, goesOn ? (lapsed?.runSequence ?? 0) : 0);
    }
    if (run?.runId !== runId) return { path: "/runId", problem: "is not the active run" };
    if (runSequence !== undefined || !unnumberedTypes.has(type)) {
      return numberProblem(event, run.runSequence);
    }
    return null;
  }

  /** ROL1, ROL7, ROL10: one compaction at a time, each with its end, inside its run. */
  #compactionProblem({ type, runId, payload }: Event): Problem | null {
    const open = this.#head.thread.compaction;
    if (type === "compaction_completed") {
      if (open === null) return { path: "/type", problem: "ends a compaction that is not open" };
      if (open.compactionId !== payload.compactionId) {
        return { path: "/payload/compactionId", problem: "is not the open compaction" };
      }
      return open.runId === runId ? null : { path: "/runId", problem: "did not start it" };
    }
    if (open === null) {
      const isRequested = type === "compaction_started" && runId === null;
      if (!isRequested || this.#head.run === null) return null;
      return { path: "/type", problem: "is requested while a run is active" };
    }
    const isBarred =
      open.runId === null || ["run_started", "run_completed", "compaction_started"].includes(type);
    return isBarred ? { path: "/type", problem: "stands inside a compaction" } : null;
  }

  /** ROL1, ROL5: a new rollout begins with the compaction that succeeded, and with nothing else. */
  #rolloutProblem({ type, rolloutId, payload }: Event): Problem | null {
    const { rollout } = this.#head;
    const turns = type === "compaction_completed" && payload.status !== "failed";
    const index = rollout.index + (turns ? 1 : 0);
    const expected = this.#header.rollouts[index]?.rolloutId;
    if (expected === rolloutId) return null;
    const problem =
      expected === undefined ? "begins a rollout that line 1 does not name" : `must be ${expected}`;
    return { path: "/rolloutId", problem };
  }

  /** What line 1 says of a rollout, now that all of it has come. */
  #checkRollout({ index, firstSequence, lastSequence, bytes }: RolloutRow): void {
    const told = this.#header.rollouts[index];
    const isEmpty = firstSequence === 0;
    const facts = [
      ["firstSequence", told?.firstSequence, isEmpty ? null : firstSequence],
      ["lastSequence", told?.lastSequence, isEmpty ? null : lastSequence],
      ["bytes", told?.bytes, bytes],
    ] as const;
    for (const [name, says, is] of facts) {
      if (says === is) continue;
      throw badLine(1, { path: `/rollouts/${index}/${name}`, problem: `is not ${is}` });
    }
  }
}

function numberProblem({ runSequence, type, payload }: Event, last: number): Problem | null {
  // A run that goes on is opened again without a number (RUN15).
  const mayLack = type === "run_started" && payload.resumed === true;
  if (runSequence === undefined && mayLack) return null;
  const expected = last + 1;
  if (runSequence === expected) return null;
  return { path: "/runSequence", problem: `must be ${expected}` };
}
