/**
 * All tests run: none is singled out, and one that is skipped or put off says why on its line.
 */
import type { Finding, Repository } from "./finding.ts";

/** Tests singled out, and tests left out without a reason. */
export function checkTestMarks({ modules }: Repository): Finding[] {
  return modules.flatMap(({ path, testMarks }) =>
    testMarks.flatMap(({ mark, line, reasoned }) => {
      if (mark === "only") return [{ path, line, message: "only: every other test is left out" }];
      return reasoned ? [] : [{ path, line, message: `${mark} without a reason on the line` }];
    }),
  );
}
