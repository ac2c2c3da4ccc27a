/**
 * `spool attach -- <command>`: runs an agent in this terminal as usual and publishes the session it
 * writes meanwhile (WATCH12). Ends as the agent ends.
 */
import { homedir } from "node:os";
import type { Command } from "commander";
import { endLike, runAgent } from "../attaching/agent-process.ts";
import { AttachedSessions, type AttachedSummary } from "../attaching/attached-sessions.ts";
import type { CommandContext } from "../command-context.ts";
import { printableLine } from "../printable-text.ts";
import { type RedactionOptions, redactorOf } from "../redacting/redaction-options.ts";
import { agentFolders } from "../watching/watched-folders.ts";

type AttachOptions = RedactionOptions & { readonly quiet?: boolean };

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Run an agent in this terminal as usual and publish the session it writes in this folder " +
        "while it runs: spool attach -- codex. Exit code and signals are the agent's.",
    )
    .argument("<command...>", "the agent and its arguments, behind --")
    .option("--quiet", "say nothing")
    .option("--no-redact", "send secrets as they are instead of masking them")
    .option("--redact-patterns <file>", "mask also what matches: an expression a line, or JSON")
    .action((words, options) => attach(context(), words, options));
}

async function attach(
  context: CommandContext,
  words: readonly string[],
  options: AttachOptions,
): Promise<void> {
  const { env, url, output } = context;
  const sessions = new AttachedSessions({
    client: context.client(),
    url,
    folders: agentFolders(env.HOME || homedir(), env),
    redactor: await redactorOf(options),
    cwd: process.cwd(),
  });
  const say = (line: string) => {
    if (options.quiet !== true) output.note(`spool: ${line}`);
  };
  say(`what ${words[0]} writes here is published to ${url}`);
  const running = sessions.run();
  const end = await runAgent(words);
  const summary = await sessions.finish();
  await running;
  if (end.kind === "failure") output.note(`spool: ${printableLine(end.message)}`);
  else say(summaryWords(summary));
  endLike(end);
}

function summaryWords({ threadIds, appended, problem }: AttachedSummary): string {
  const where = threadIds.length === 0 ? "no session" : threadIds.join(", ");
  const published = `${appended} ${appended === 1 ? "event" : "events"} published, ${where}`;
  if (problem === null) return published;
  return `${published}; not all: ${printableLine(problem)}; spool publish --watch sends the rest`;
}
