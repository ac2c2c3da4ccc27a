/**
 * Counts what a test run did. A suite is not counted, its tests are, unless it fails by itself (its
 * body or a hook throws), which Node's own totals leave out. A file that holds no test counts as
 * failed, where Node's runner would count it as passed.
 */
import type { TestEvent } from "node:test/reporters";

/** Tests by outcome; those put off (`todo`) count as skipped. */
export type Totals = { passed: number; failed: number; skipped: number };

type Outcome = keyof Totals;

/** What the event adds to the totals; null for nothing. `filtered` says tests were chosen by name. */
export function outcomeOf(event: TestEvent, filtered: boolean): Outcome | null {
  if (event.type === "test:pass") {
    const { data } = event;
    if (data.skip !== undefined || data.todo !== undefined) return "skipped";
    if (data.details.type === "suite") return null;
    if (isWholeFile(data)) return filtered ? null : "failed";
    return "passed";
  }
  if (event.type === "test:fail") {
    const { details, todo } = event.data;
    if (todo !== undefined) return "skipped";
    const ownFault = failureTypeOf(details.error) !== "subtestsFailed";
    return details.type !== "suite" || ownFault ? "failed" : null;
  }
  return null;
}

/** Whether the event speaks of a file and not of a test in it: the runner names those alike. */
export function isWholeFile(data: { readonly name: string; readonly file?: string }): boolean {
  return data.name === data.file;
}

/** The last line of a run: `N passed, N failed`, and `, N skipped` where there are any. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** Why the runner says a test failed: `testCodeFailure`, `subtestsFailed`, `hookFailed`, … */
export function failureTypeOf(error: Error): string | undefined {
  return (error as Error & { failureType?: string }).failureType;
}
