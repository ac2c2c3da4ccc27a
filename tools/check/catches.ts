/**
 * No error disappears: whoever catches one throws, uses it, or says in a comment why it is safe
 * to go on without.
 */
import type { Finding, Repository } from "./finding.ts";

/** Places that catch an error and drop it without a word. */
export function checkCatches({ modules }: Repository): Finding[] {
  return modules.flatMap(({ path, catches }) =>
    catches
      .filter(({ explained }) => !explained)
      .map(({ line }) => ({ path, line, message: "drops the error: say in a comment why it may" })),
  );
}
