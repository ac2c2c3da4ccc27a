/**
 * A value that changes, and who wants to know. The one way in which what is outside React reaches
 * components (`useStore`). Listeners are called after the value was set, in order, never twice.
 */

/** A value of `T`; `T` is treated as immutable and compared with `Object.is`. */
export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` at each change until the function that is returned is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
