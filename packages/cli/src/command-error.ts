/**
 * How a command fails on purpose: one line for people, and the exit code. Thrown anywhere in the
 * command line, printed by `main.ts` alone.
 */

/** 0 done, 1 refused or failed, 2 used wrongly, 3 the key is refused for good, 130 interrupted. */
export const exitCodes = { done: 0, failed: 1, usage: 2, denied: 3, interrupted: 130 } as const;

/** A failure whose message says what to do; one line, no full stop at its end. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A wrong combination of arguments. */
export function usageError(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
