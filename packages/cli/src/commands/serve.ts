/**
 * `spool serve`: runs a server until it is told to stop. Its flags are the server's own table of
 * settings (CFG1); a wrong value ends the start with one line that names it (CFG2).
 */
import { ConfigError, type FlagValues, parseConfig, serveFlags } from "@spool/server/config";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { usageError } from "../command-error.ts";

/** Adds options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command.description("Run a server in the foreground; Ctrl-C stops it in order.");
  for (const { name, syntax, help } of serveFlags()) {
    // Every command takes --data-dir.
    if (name !== "dataDir") command.option(syntax, help);
  }
  command.action((options: FlagValues) => serve(context(), options));
}

async function serve(context: CommandContext, options: FlagValues): Promise<void> {
  const config = parsed(context, options);
  const { serve: run } = await import("@spool/server/main");
  process.exitCode = await run(config);
}

function parsed(context: CommandContext, options: FlagValues) {
  try {
    return parseConfig(context.env, { ...options, dataDir: context.givenDataDir });
  } catch (error) {
    if (error instanceof ConfigError) throw usageError(error.message);
    throw error;
  }
}
