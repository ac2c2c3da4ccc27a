/**
 * Answers of one socket in the order of what was asked, whatever the order they become ready in.
 */

type Slot = { text: string | null; isReady: boolean };

/** Places for answers, given out in order and sent in order (LIVE24). */
export class OrderedAnswers {
  readonly #send: (text: string) => void;
  readonly #slots: Slot[] = [];
  #first = 0;

  /** `send` is called with each answer in order. */
  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** How many are not ready, or wait behind one that is not. */
  get waiting(): number {
    return this.#slots.length - this.#first;
  }

  /** Reserves the next place. Call the result once, with null for no answer. */
  next(): (text: string | null) => void {
    const slot: Slot = { text: null, isReady: false };
    this.#slots.push(slot);
    return (text) => {
      slot.text = text;
      slot.isReady = true;
      this.#flush();
    };
  }

  #flush(): void {
    let slot = this.#slots[this.#first];
    while (slot?.isReady) {
      if (slot.text !== null) this.#send(slot.text);
      this.#first += 1;
      slot = this.#slots[this.#first];
    }
    // Now and then, so that no answer moves all the others.
    if (this.#first > 1_000 || this.#first === this.#slots.length) {
      this.#slots.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
