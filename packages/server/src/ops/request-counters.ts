/**
 * Counts answers by route and status, and their durations in buckets: plain numbers, since every
 * request passes here. `metrics.ts` reads them when somebody asks. Labels are routes as they stand
 * in the table, never what a client sent (AUTH17).
 */
import { durationBuckets } from "../limits.ts";

/** The counts of one route. */
export class RouteCounter {
  readonly route: string;
  /** Answers by status. */
  readonly byStatus = new Map<number, number>();
  /** Answers per bucket of `durationBuckets`, not cumulative; the last is for what took longer. */
  readonly buckets = new Float64Array(durationBuckets.length + 1);
  /** Seconds of all answers together. */
  seconds = 0;

  constructor(route: string) {
    this.route = route;
  }

  /** Counts one answer that took `ms` milliseconds until it was handed to the connection. */
  count(status: number, ms: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    const seconds = ms / 1_000;
    this.seconds += seconds;
    let bucket = 0;
    while (bucket < durationBuckets.length && seconds > (durationBuckets[bucket] as number)) {
      bucket += 1;
    }
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
  }
}

/** The counts of all routes. */
export class RequestCounters {
  readonly #routes: RouteCounter[] = [];

  get routes(): readonly RouteCounter[] {
    return this.#routes;
  }

  /** A new counter for `route`, for example `GET /v1/threads`. */
  counterOf(route: string): RouteCounter {
    const counter = new RouteCounter(route);
    this.#routes.push(counter);
    return counter;
  }
}
