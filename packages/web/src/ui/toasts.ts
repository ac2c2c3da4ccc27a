/**
 * Short messages about what has just been done or refused, as a store. One that can be undone stays
 * long enough to be reached, a refusal until it is taken away; none goes while it is pointed at or
 * holds the focus.
 */
import { Store } from "../live/store.ts";

/** One message; `action` something that can still be done about it. */
export type Toast = {
  readonly id: number;
  readonly kind: "done" | "refused" | "working";
  readonly text: string;
  /** To be copied by hand. */
  readonly copyable: string | null;
  readonly action: { readonly label: string; readonly run: () => void } | null;
};

/** What a message may have besides its text. */
export type ToastOptions = Partial<Pick<Toast, "action" | "copyable">>;

/** How long a message stays, in milliseconds. */
const plainMs = 5_000;
const undoableMs = 8_000;
/** More at once would be a wall: the oldest go first. */
const toastsMax = 4;

/** The messages that are shown. */
export class Toasts {
  readonly shown = new Store<readonly Toast[]>([]);
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #isHeld = false;
  #lastId = 0;

  /** It is done. */
  done(text: string, options: ToastOptions = {}): void {
    this.#add("done", text, options);
  }

  /** It was refused: stays until it is taken away. */
  refuse(text: string, options: ToastOptions = {}): void {
    this.#add("refused", text, options);
  }

  /** It is under way; gives what changes the text, and with null ends it. */
  work(text: string, action: Toast["action"]): (text: string | null) => void {
    const { id } = this.#add("working", text, { action });
    return (next) => {
      if (next === null) this.remove(id);
      else this.#set(this.shown.get().map((one) => (one.id === id ? { ...one, text: next } : one)));
    };
  }

  remove(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#set(this.shown.get().filter((one) => one.id !== id));
  }

  /** Does what the newest message offers, as its button would. False where there is none. */
  actOnNewest(): boolean {
    const toast = this.shown.get().findLast(({ kind, action }) => kind === "done" && action);
    if (toast === undefined) return false;
    this.remove(toast.id);
    toast.action?.run();
    return true;
  }

  /** While they are held none goes by itself; afterwards each stays for its whole time again. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    for (const toast of this.shown.get()) this.#schedule(toast);
  }

  #add(kind: Toast["kind"], text: string, options: ToastOptions): Toast {
    this.#lastId += 1;
    const { action = null, copyable = null } = options;
    const toast = { id: this.#lastId, kind, text, action, copyable };
    const others = this.shown.get();
    const surplus = others.filter((one) => one.kind !== "working").slice(0, 1 - toastsMax);
    for (const { id } of surplus) this.remove(id);
    this.#set([...this.shown.get(), toast]);
    this.#schedule(toast);
    return toast;
  }

  #schedule({ id, kind, action, copyable }: Toast): void {
    clearTimeout(this.#timers.get(id));
    if (this.#isHeld || kind !== "done" || copyable !== null) return;
    const ms = action === null ? plainMs : undoableMs;
    this.#timers.set(
      id,
      setTimeout(() => this.remove(id), ms),
    );
  }

  #set(toasts: readonly Toast[]): void {
    this.shown.set(toasts);
  }
}
