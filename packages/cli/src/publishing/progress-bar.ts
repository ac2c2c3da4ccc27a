/**
 * A line on the terminal that says how far publishing is, drawn over and over. Goes to standard
 * error and only where that is a terminal; elsewhere nothing is printed.
 */
import { styleText } from "node:util";
import { fitWidth } from "../display-width.ts";
import type { Output } from "../output.ts";

const barColumns = 24;
const drawEveryMs = 100;

/** The line; `clear` it before anything else is printed. */
export class ProgressBar {
  readonly #output: Output;
  readonly #enabled: boolean;
  #drawnAt = 0;
  #isDrawn = false;

  constructor(output: Output, enabled: boolean) {
    this.#output = output;
    this.#enabled = enabled && output.notesToTerminal;
  }

  /** Draws at most ten times a second. `fraction` from 0 to 1; null where the end is not known. */
  show(fraction: number | null, words: string): void {
    const now = performance.now();
    if (!this.#enabled || now - this.#drawnAt < drawEveryMs) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    const bar = fraction === null ? "" : `${barOf(fraction)} `;
    const room = this.#output.noteColumns - (fraction === null ? 1 : barColumns + 9);
    this.#output.noteRaw(`\r\x1b[K${bar}${fitWidth(words, room)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.#output.noteRaw("\r\x1b[K");
  }
}

function barOf(fraction: number): string {
  const part = Math.max(0, Math.min(1, fraction));
  const full = Math.floor(part * barColumns);
  const percent = `${Math.floor(part * 100)}`.padStart(3);
  const done = styleText("green", "█".repeat(full), { stream: process.stderr });
  return `${done}${"░".repeat(barColumns - full)} ${percent} %`;
}
