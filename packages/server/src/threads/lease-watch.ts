/**
 * Ends the runs whose lease has ended, a moment after it has (RUN13). Knows one time per active run,
 * which may be too early, never too late: what is due is asked of the thread itself, and waits
 * again when its lease was renewed meanwhile. However many are due, others are let in between.
 */
import { TurnPace } from "../ops/turn-pace.ts";
import { keyText, type ThreadKey } from "../store/thread-key.ts";

/** What watching leases needs. */
export type LeaseWatchParts = {
  /** Milliseconds of a clock that never jumps. */
  readonly steadyNow: () => number;
  /**
   * Ends the thread's run if its lease has ended. Gives when the lease of the run that is still
   * active ends, by the steady clock, or null without one.
   */
  readonly expire: (key: ThreadKey, ownerUserId: string) => Promise<number | null>;
  /** Told of what `expire` could not do; it is tried again. */
  readonly onError: (error: unknown) => void;
  /** Whether storage takes nothing now, so that ending runs waits until it does. */
  readonly isRefusing: () => boolean;
  /** Between two looks, in milliseconds. */
  readonly tickMs: number;
  /** Runs ended at the same time. */
  readonly atOnceMax: number;
  /** Milliseconds that deciding on some of them may take of one turn of the event loop. */
  readonly turnMs: number;
};

type Watched = { readonly key: ThreadKey; readonly ownerUserId: string; readonly second: number };

/** The leases of one server. `close` ends the watching. */
export class LeaseWatch {
  readonly #parts: LeaseWatchParts;
  readonly #watched = new Map<string, Watched>();
  /** Threads by the second at which their lease has ended for certain. */
  readonly #seconds = new Map<number, Set<string>>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;
  #running: Promise<void> | null = null;
  #lookedUpTo: number;

  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
    this.#lookedUpTo = Math.floor(parts.steadyNow() / 1_000);
    this.#timer = setInterval(() => this.#tick(), parts.tickMs);
    this.#timer.unref();
  }

  /** Active runs that are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** The thread's run is looked at when `until` has come, by the steady clock. */
  watch(key: ThreadKey, ownerUserId: string, until: number): void {
    const text = keyText(key);
    this.#forget(text);
    // A second that was looked at already comes with the next look.
    const second = Math.max(Math.ceil(until / 1_000), this.#lookedUpTo + 1);
    this.#watched.set(text, { key, ownerUserId, second });
    const others = this.#seconds.get(second) ?? new Set();
    this.#seconds.set(second, others.add(text));
  }

  /** The thread has no active run. */
  forget(key: ThreadKey): void {
    this.#forget(keyText(key));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  #forget(text: string): void {
    const known = this.#watched.get(text);
    if (known === undefined) return;
    this.#watched.delete(text);
    const others = this.#seconds.get(known.second);
    others?.delete(text);
    if (others?.size === 0) this.#seconds.delete(known.second);
  }

  #tick(): void {
    // What is due stays due; the store tells by itself why it refuses.
    if (this.#parts.isRefusing()) return;
    this.#running ??= this.#expireDue().finally(() => {
      this.#running = null;
    });
  }

  async #expireDue(): Promise<void> {
    const due = this.#takeDue();
    const { atOnceMax, turnMs, isRefusing, steadyNow } = this.#parts;
    const pace = new TurnPace(steadyNow, turnMs);
    for (let at = 0; at < due.length && !this.#isClosed; ) {
      if (isRefusing()) {
        for (const one of due.slice(at)) this.#watchAgain(one, steadyNow());
        return;
      }
      const ending: Promise<void>[] = [];
      do {
        ending.push(this.#expire(due[at] as Watched));
        at += 1;
      } while (at < due.length && ending.length < atOnceMax && !pace.isSpent);
      await Promise.all(ending);
      // Whatever came in meanwhile goes first.
      await pace.nextTurn();
    }
  }

  #takeDue(): Watched[] {
    const now = Math.floor(this.#parts.steadyNow() / 1_000);
    const due: Watched[] = [];
    for (let second = this.#lookedUpTo + 1; second <= now; second += 1) {
      for (const text of this.#seconds.get(second) ?? []) {
        due.push(this.#watched.get(text) as Watched);
        this.#watched.delete(text);
      }
      this.#seconds.delete(second);
    }
    this.#lookedUpTo = Math.max(now, this.#lookedUpTo);
    return due;
  }

  /** Another run may have begun meanwhile; it is watched already. */
  #watchAgain({ key, ownerUserId }: Watched, until: number): void {
    if (!this.#watched.has(keyText(key))) this.watch(key, ownerUserId, until);
  }

  /** Never rejects. */
  async #expire(one: Watched): Promise<void> {
    const { expire, onError, steadyNow } = this.#parts;
    let until: number | null;
    try {
      until = await expire(one.key, one.ownerUserId);
    } catch (error) {
      onError(error);
      until = steadyNow() + 1_000;
    }
    if (until !== null) this.#watchAgain(one, until);
  }
}
