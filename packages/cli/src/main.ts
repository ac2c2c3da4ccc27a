#!/usr/bin/env node
/**
 * The `spool` command: finds the verb, loads its module alone so that starting is quick, and turns
 * every outcome into an exit code: 0 done, 1 refused or failed, 2 used wrongly, 130 interrupted.
 */
import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { CommandContext } from "./command-context.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { Output } from "./output.ts";

/** A verb: its line in the help, and its module, whose `configure` adds options and action. */
type Verb = {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{
    configure(command: Command, context: () => CommandContext): void;
  }>;
};

const verbs: readonly Verb[] = [
  {
    name: "serve",
    summary: "run a server",
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "publish",
    summary: "publish session files of local agents",
    load: () => import("./commands/publish.ts"),
  },
  {
    name: "attach",
    summary: "run an agent here and publish its session",
    load: () => import("./commands/attach.ts"),
  },
  {
    name: "service",
    summary: "publish this user's agents in the background",
    load: () => import("./commands/service.ts"),
  },
  {
    name: "tail",
    summary: "print a thread's history and go on live",
    load: () => import("./commands/tail.ts"),
  },
  {
    name: "context",
    summary: "print what a model needs to go on with a thread",
    load: () => import("./commands/context.ts"),
  },
  {
    name: "threads",
    summary: "list, show, rename, archive, delete, cancel threads",
    load: () => import("./commands/threads.ts"),
  },
  {
    name: "export",
    summary: "write threads to files that import takes",
    load: () => import("./commands/export.ts"),
  },
  {
    name: "import",
    summary: "take in threads from exports",
    load: () => import("./commands/import.ts"),
  },
  {
    name: "search",
    summary: "find threads by words in titles and messages",
    load: () => import("./commands/search.ts"),
  },
  {
    name: "keys",
    summary: "create, list, revoke API keys",
    load: () => import("./commands/keys.ts"),
  },
];

process.exitCode = await main(process.argv.slice(2));
// Whoever pressed Ctrl-C does not wait for connections to close.
if (process.exitCode === exitCodes.interrupted) process.exit();

async function main(words: readonly string[]): Promise<number> {
  const output = new Output(process.stdout, process.stderr);
  const program = newProgram();
  let context: CommandContext | undefined;
  const contextOf = () => {
    context ??= new CommandContext(output, process.env, program.opts());
    return context;
  };
  try {
    for (const verb of verbs) {
      const command = program.command(verb.name).summary(verb.summary);
      if (words.includes(verb.name)) (await verb.load()).configure(command, contextOf);
    }
    await program.parseAsync(words, { from: "user" });
    return context?.wasInterrupted ? exitCodes.interrupted : Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (context?.wasInterrupted) return exitCodes.interrupted;
    await reportFailure(error, contextOf());
    return error instanceof CommandError ? error.exitCode : exitCodes.failed;
  }
}

function newProgram(): Command {
  return new Command("spool")
    .description("Durable, live threads for AI agents.")
    .version(manifest.version)
    .option("--json", "print JSON, for programs")
    .option("--url <url>", "the server's address (SPOOL_URL, else http://127.0.0.1:4646)")
    .option("--api-key <key>", "who you are (SPOOL_API_KEY, else <data>/admin.key)")
    .option("--data-dir <path>", "a server's data directory (SPOOL_DATA_DIR, else ./data)")
    .option("--no-color", "print without colours, as with NO_COLOR")
    .on("option:no-color", () => {
      process.env.NO_COLOR = "1";
      delete process.env.FORCE_COLOR;
    })
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, "spool:")),
    })
    .showSuggestionAfterError()
    .exitOverride();
}

async function reportFailure(error: unknown, context: CommandContext): Promise<void> {
  const { failureMessage } = await import("./failure-message.ts");
  const message = failureMessage(error, context.url);
  if (context.json) {
    const { code = "FAILED", requestId = null, details = {} } = error as Record<string, unknown>;
    context.output.note(JSON.stringify({ error: { code, message, requestId, details } }));
    return;
  }
  context.output.note(`spool: ${message}`);
  if (isDefect(error)) context.output.note(String((error as Error).stack));
}

/** Nothing foresees it: neither a command, nor the server, nor the system refused. */
function isDefect(error: unknown): boolean {
  return error instanceof Error && !(error instanceof CommandError) && !("code" in error);
}
