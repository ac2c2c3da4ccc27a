/**
 * Runs one check over files given as text, for the checks' own tests. A file is what a real one
 * would be: it is parsed when its path says that it is code.
 */
import type { Check } from "../finding.ts";
import { parseModules } from "../syntax/parse-modules.ts";

/** What the check finds, as `path:line message`, in its own order. */
export async function findingsOf(
  check: Check,
  contents: Readonly<Record<string, string>>,
): Promise<string[]> {
  const files = Object.entries(contents).map(([path, text]) => ({ path, text }));
  const findings = check({ files, modules: await parseModules(files) });
  return findings.map(({ path, line, message }) => `${path}:${line} ${message}`);
}
