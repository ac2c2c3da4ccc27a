/**
 * The runs one socket publishes in, so that it is told when one of them is being cancelled
 * (LIVE25). A run counts once a publish in it was accepted; a cancellation that comes between such
 * a publish and its answer is told behind the decision, and never to a socket that was refused.
 * Owned by `live-socket.ts`.
 */
import type { PublishAnswer } from "@spool/protocol/publish";
import type { ThreadKey } from "../store/thread-key.ts";
import type { RunPublisher, RunPublishers } from "./run-publishers.ts";

type Note = {
  readonly key: ThreadKey;
  readonly runId: string;
  /** Publishes that are not decided. */
  undecided: number;
  isAccepted: boolean;
  /** It has ended, and was not opened again. */
  isOver: boolean;
  /** It was cancelled before anything was accepted. */
  isCancelled: boolean;
};

/** The runs one socket publishes in; `tell` is called once per run that is being cancelled. */
export class PublishedRuns implements RunPublisher {
  readonly #runPublishers: RunPublishers;
  readonly #tell: (threadId: string, runId: string) => void;
  readonly #notes = new Map<string, Note>();
  /** The run accepted last, by thread: only one is active at a time. */
  readonly #latest = new Map<string, Note>();
  #isEnded = false;

  /** `tell` is called with the runs that are being cancelled. */
  constructor(runPublishers: RunPublishers, tell: (threadId: string, runId: string) => void) {
    this.#runPublishers = runPublishers;
    this.#tell = tell;
  }

  /**
   * A publish was sent on its way. Call the result with its answer, or with null: refused. Null
   * where its answer tells nothing new: the run is the one accepted last.
   */
  sent(key: ThreadKey, runId: string): ((answer: PublishAnswer | null) => void) | null {
    if (this.#latest.get(key.threadId)?.runId === runId) return null;
    const name = nameOf(key.threadId, runId);
    const note = this.#notes.get(name) ?? newNote(key, runId);
    note.undecided += 1;
    this.#notes.set(name, note);
    this.#runPublishers.add(key, runId, this);
    return (answer) => {
      note.undecided -= 1;
      if (answer !== null && !note.isOver) this.#accepted(note, answer);
      if (note.undecided === 0 && this.#latest.get(key.threadId) !== note) this.#forget(note);
    };
  }

  cancelRequested(threadId: string, runId: string): void {
    const note = this.#notes.get(nameOf(threadId, runId));
    if (note?.isAccepted) this.#tell(threadId, runId);
    else if (note !== undefined) note.isCancelled = true;
  }

  runChanged(threadId: string, runId: string, isActive: boolean): void {
    const note = this.#notes.get(nameOf(threadId, runId));
    if (note === undefined) return;
    note.isOver = !isActive;
    if (isActive) return;
    if (this.#latest.get(threadId) === note) this.#latest.delete(threadId);
    if (note.undecided === 0) this.#forget(note);
  }

  /** The socket is gone. */
  end(): void {
    this.#isEnded = true;
    this.#latest.clear();
    for (const note of this.#notes.values()) this.#forget(note);
  }

  #accepted(note: Note, { appended, delivered }: PublishAnswer): void {
    if (this.#isEnded) return;
    const { threadId } = note.key;
    const latest = this.#latest.get(threadId);
    // Old frames sent again say nothing of which run is active.
    const isNew = appended + delivered > 0;
    if (latest !== undefined && latest !== note && !isNew) return;
    this.#latest.set(threadId, note);
    if (latest !== undefined && latest !== note && latest.undecided === 0) this.#forget(latest);
    const { isCancelled } = note;
    note.isAccepted = true;
    note.isCancelled = false;
    if (isCancelled) this.#tell(threadId, note.runId);
  }

  #forget(note: Note): void {
    this.#notes.delete(nameOf(note.key.threadId, note.runId));
    this.#runPublishers.remove(note.key, note.runId, this);
  }
}

function nameOf(threadId: string, runId: string): string {
  return `${threadId} ${runId}`;
}

function newNote(key: ThreadKey, runId: string): Note {
  return { key, runId, undecided: 0, isAccepted: false, isOver: false, isCancelled: false };
}
