/**
 * Follows text that is still being written, delta by delta: what of each is new, and what remains
 * to be shown when the finished text arrives. Deltas may overlap what came before or leave a gap.
 * Used by `frame-printer.ts`.
 */

/** What to show of a delta. */
export type NewText = { readonly text: string; readonly gap: boolean };

/** Texts in flight by id, of any kind. Forgotten when finished or when their run ends. */
export class LiveText {
  /** UTF-16 units shown of each id, counted from the text's beginning. */
  readonly #shown = new Map<string, number>();

  /** Takes a delta that begins `offset` units into its text; without one, where the last ended. */
  take(id: string, delta: string, offset?: number): NewText {
    const shown = this.#shown.get(id) ?? 0;
    const start = offset ?? shown;
    const text = delta.slice(Math.max(0, shown - start));
    this.#shown.set(id, Math.max(shown, start + delta.length));
    return { text, gap: start > shown };
  }

  /** Whether anything of the text was shown. */
  has(id: string): boolean {
    return this.#shown.has(id);
  }

  /** The finished text came: gives what was not shown yet, or null when none of it was. */
  finish(id: string, text: string): string | null {
    const shown = this.#shown.get(id);
    this.#shown.delete(id);
    return shown === undefined ? null : text.slice(shown);
  }

  /** Nothing is in flight any more. */
  clear(): void {
    this.#shown.clear();
  }
}
