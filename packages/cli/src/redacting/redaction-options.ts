/**
 * The options by which commands that publish say what is masked: everything known by default, more
 * with a file of a person's own, nothing with `--no-redact`.
 */
import { usageError } from "../command-error.ts";
import { Redactor } from "./redactor.ts";

/** As commander gives them: `redact` is true unless `--no-redact` was given. */
export type RedactionOptions = {
  readonly redact?: boolean;
  readonly redactPatterns?: string;
};

/** The redactor; null to mask nothing. Throws CommandError for a file that cannot be used. */
export async function redactorOf({
  redact,
  redactPatterns,
}: RedactionOptions): Promise<Redactor | null> {
  if (redact === false) {
    if (redactPatterns === undefined) return null;
    throw usageError("--redact-patterns does not go with --no-redact");
  }
  if (redactPatterns === undefined) return new Redactor();
  const { masksOfFile } = await import("./pattern-file.ts");
  return new Redactor(masksOfFile(redactPatterns));
}
