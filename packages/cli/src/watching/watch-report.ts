/**
 * Prints what a watch tells: lines of JSON for programs, lines for people and a bar with an
 * estimate while there is a backlog. Used by `watch-sessions.ts`.
 */
import type { Output } from "../output.ts";
import { ProgressBar } from "../publishing/progress-bar.ts";
import type { WatchProgress } from "./session-watch.ts";
import { type WatchEvent, watchLines } from "./watch-event.ts";

/** Threads told of as live, at most; beyond it some are told of twice. */
const toldMax = 10_000;

/** The printed side of a watch. */
export class WatchReport {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #bar: ProgressBar;
  readonly #startedAt = performance.now();
  readonly #told = new Set<string>();
  #isLive = false;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
    this.#bar = new ProgressBar(output, !json);
  }

  /** Prints an event. Never waits: whoever reads too slowly is printed for in memory. */
  event(event: WatchEvent): void {
    if (event.type === "caught_up") this.#isLive = true;
    if (this.#json) {
      void this.#output.json(event);
      return;
    }
    const lines = watchLines(event, this.#isNews(event));
    if (lines.length === 0) return;
    this.#bar.clear();
    void this.#output.print(...lines);
  }

  /** Draws how far the backlog is. */
  progress({ bytes, bytesTotal, events }: WatchProgress): void {
    if (this.#isLive || bytesTotal === 0) return;
    const fraction = Math.min(1, bytes / bytesTotal);
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const left = Math.ceil((seconds * (1 - fraction)) / Math.max(fraction, 0.001));
    const rate = `${(bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1)} MB/s`;
    this.#bar.show(fraction, `${events} events, ${rate}, ${duration(left)} left`);
  }

  #isNews(event: WatchEvent): boolean {
    if (event.type !== "published" || !this.#isLive || event.appended === 0) return false;
    if (this.#told.has(event.threadId)) return false;
    if (this.#told.size >= toldMax) this.#told.clear();
    this.#told.add(event.threadId);
    return true;
  }
}

function duration(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
