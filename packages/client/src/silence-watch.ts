/**
 * Tells a dead connection from a quiet one. A network that drops packets closes nothing, so after a
 * silence something is asked that always has an answer, and without one the connection is given
 * up. Used by `LiveLink`, one per socket.
 */

/** What to do, and when; times in milliseconds. */
export type SilenceOptions = {
  /** After so long without a frame the server is asked for one (20,000). */
  readonly silenceMs: number | undefined;
  /** How long an answer may take when the connection is doubted (3,000). */
  readonly doubtMs: number | undefined;
  /** Asks for something that is answered. */
  readonly ask: () => void;
  /** Called once at most, and not after `stop`. */
  readonly giveUp: () => void;
};

const silenceMsDefault = 20_000;
const doubtMsDefault = 3_000;
/** How long opening may take, and an answer after a silence. */
const openMs = 20_000;
const answerMs = 10_000;

/** Watches one connection from its start until `stop`. */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  readonly #silenceMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #doubt: ReturnType<typeof setTimeout> | undefined;
  #heardAt = performance.now();
  #isOpen = false;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? silenceMsDefault;
    this.#timer = setInterval(() => this.#check(), Math.min(this.#silenceMs, answerMs) / 2);
  }

  /** The connection has opened, or a frame came. */
  heard(): void {
    this.#isOpen = true;
    this.#heardAt = performance.now();
    clearTimeout(this.#doubt);
    this.#doubt = undefined;
  }

  /** There is reason to think that an open connection is dead: it has to answer soon. */
  doubt(): void {
    if (!this.#isOpen || this.#doubt !== undefined) return;
    this.#doubt = setTimeout(() => this.#giveUp(), this.#options.doubtMs ?? doubtMsDefault);
    this.#options.ask();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#doubt);
  }

  #check(): void {
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs > (this.#isOpen ? this.#silenceMs + answerMs : openMs)) this.#giveUp();
    else if (this.#isOpen && silentMs > this.#silenceMs) this.#options.ask();
  }

  #giveUp(): void {
    this.stop();
    this.#options.giveUp();
  }
}
