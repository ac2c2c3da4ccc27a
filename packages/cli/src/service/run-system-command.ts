/**
 * Runs a command of the system's service manager and says what it said. Used by `spool service`.
 */
import { spawnSync } from "node:child_process";
import { CommandError } from "../command-error.ts";

/** How a command ended, and what it printed. */
export type CommandResult = { readonly code: number; readonly text: string };

/** Runs it to its end. Throws CommandError where the command is missing. */
export function runSystemCommand(words: readonly string[]): CommandResult {
  const [command = "", ...rest] = words;
  const { error, status, stdout, stderr } = spawnSync(command, rest, { encoding: "utf8" });
  if (error !== undefined) {
    throw new CommandError(
      `${command} cannot be run (${(error as NodeJS.ErrnoException).code}): this system has no ` +
        "such service manager; run spool publish --watch by your own means",
    );
  }
  return { code: status ?? 1, text: `${stdout}${stderr}`.trim() };
}
