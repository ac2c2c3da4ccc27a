/**
 * What a person can do with a thread, outside React: which dialog is open, what is under way, what
 * came of it. Nothing is shown before the server has said so; what it refuses changes nothing and is
 * said in words (WEB32). One per sign-in; reached by `useActions`.
 */
import { SpoolError } from "@spool/client/spool-error";
import type { CompactThread } from "@spool/protocol/compaction";
import type { Thread } from "@spool/protocol/resources";
import type { Services } from "../live/services.ts";
import { Store } from "../live/store.ts";
import { texts } from "../texts.ts";
import { sizeText } from "../ui/sizes.ts";
import { Toasts } from "../ui/toasts.ts";
import { exportLines } from "./export-lines.ts";
import { refusalText } from "./refusal-text.ts";

/** A question about a thread. */
export type ActionDialog = {
  readonly kind: "rename" | "delete" | "compact";
  readonly thread: Thread;
};

/** What may be under way on a thread. */
export type ActionName = ActionDialog["kind"] | "archive" | "cancel" | "export";

/** The actions. `close` when the page is left. */
export class Actions {
  readonly toasts = new Toasts();
  readonly dialog = new Store<ActionDialog | null>(null);
  /** Of what is under way: action and thread id, with a space between. */
  readonly pending = new Store<ReadonlySet<string>>(new Set());
  readonly #services: Pick<Services, "client" | "address">;
  readonly #closed = new AbortController();

  constructor(services: Pick<Services, "client" | "address">) {
    this.#services = services;
  }

  /** Opens the dialog that asks; null closes it. */
  ask(dialog: ActionDialog | null): void {
    this.dialog.set(dialog);
  }

  /** Archives or takes out of the archive, with a way back. */
  async setArchived(thread: Thread, archived: boolean): Promise<void> {
    const refusal = await this.#attempt("archive", thread, async () => {
      await this.#client.threads.update(thread.id, { archived });
      const { archived: done, unarchived } = texts.actions;
      const text = (archived ? done : unarchived)(titleOf(thread));
      const run = () => void this.setArchived(thread, !archived);
      const action = archived ? { label: texts.toasts.undo, run } : null;
      this.toasts.done(text, { action });
    });
    if (refusal !== null) this.toasts.refuse(refusalText(refusal));
  }

  /** Ends the active run. */
  async cancelRun(thread: Thread): Promise<void> {
    const refusal = await this.#attempt("cancel", thread, async () => {
      await this.#client.threads.cancel(thread.id);
      this.toasts.done(texts.actions.runCancelled);
    });
    if (refusal !== null) this.toasts.refuse(refusalText(refusal));
  }

  /** Sets the title, or with null takes it away. Gives why it was refused. */
  rename(thread: Thread, title: string | null): Promise<SpoolError | null> {
    return this.#attempt("rename", thread, async () => {
      await this.#client.threads.update(thread.id, { title });
      this.toasts.done(texts.actions.renamed);
    });
  }

  /** Deletes for good; leaves the thread where it is open. Gives why it was refused. */
  delete(thread: Thread, force: boolean): Promise<SpoolError | null> {
    return this.#attempt("delete", thread, async () => {
      await this.#client.threads.delete(thread.id, { force });
      this.toasts.done(texts.actions.deleted(titleOf(thread)));
      const { address } = this.#services;
      if (address.route.get().place?.threadId === thread.id) address.open(null);
    });
  }

  /** Compacts, which may take half a minute. Gives why it was refused. */
  compact(thread: Thread, wishes: CompactThread): Promise<SpoolError | null> {
    return this.#attempt("compact", thread, async () => {
      const { status } = await this.#client.threads.compact(thread.id, wishes);
      this.toasts.done(texts.compaction[status]);
    });
  }

  /** Saves everything the thread holds as a file, and says how much there is so far. */
  async export(thread: Thread): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#closed.signal]);
    const action = { label: texts.toasts.stop, run: () => stop.abort() };
    const told = this.toasts.work(texts.actions.exporting(sizeText(0)), action);
    const onBytes = (bytes: number) => told(texts.actions.exporting(sizeText(bytes)));
    try {
      const refusal = await this.#attempt("export", thread, async () => {
        const lines = await exportLines(this.#client, thread.id, { signal, onBytes });
        saveAs(lines, `${thread.id}.jsonl`);
        this.toasts.done(texts.actions.exported(sizeText(lines.size)));
      });
      if (refusal?.mayPass) this.toasts.refuse(texts.actions.exportBroken);
      else if (refusal !== null) this.toasts.refuse(refusalText(refusal));
    } catch (error) {
      if (!signal.aborted) throw error;
      this.toasts.done(texts.actions.stopped);
    } finally {
      told(null);
    }
  }

  /** Puts a text on the clipboard; where a page may not, shows it to be copied by hand. */
  async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.toasts.done(texts.actions.copied);
    } catch {
      // No secure address, or the browser was told so: the text itself helps.
      this.toasts.done(texts.actions.copyByHand, { copyable: text });
    }
  }

  /** Ends what only the page is doing. */
  close(): void {
    this.#closed.abort();
  }

  get #client() {
    return this.#services.client;
  }

  /** Does it once at a time; gives the refusal, or null when it is done or was under way. */
  async #attempt(
    name: ActionName,
    thread: Thread,
    act: () => Promise<void>,
  ): Promise<SpoolError | null> {
    const key = pendingKey(name, thread.id);
    if (this.pending.get().has(key)) return null;
    this.pending.set(new Set([...this.pending.get(), key]));
    try {
      await act();
      return null;
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      return error;
    } finally {
      this.pending.set(new Set([...this.pending.get()].filter((one) => one !== key)));
    }
  }
}

/** The member of `pending` for an action on a thread. */
export function pendingKey(name: ActionName, threadId: string): string {
  return `${name} ${threadId}`;
}

/** What a thread is called, whether or not it has a title. */
export function titleOf({ title }: Thread): string {
  return title ?? texts.list.untitled;
}

/** Hands a file to the browser's downloads. */
function saveAs(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download holds the blob once it has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
