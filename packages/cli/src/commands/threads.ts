/**
 * `spool threads list|show|rename|archive|delete|cancel|compact`: the caller's threads over REST (CFG10).
 * With `--json`, `list` prints one thread a line and the others the thread they left behind.
 */
import { createInterface } from "node:readline/promises";
import type { Thread, ThreadStatus } from "@spool/protocol/resources";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandError } from "../command-error.ts";
import { printableLine } from "../printable-text.ts";
import { relativeTime } from "../relative-time.ts";
import { type Column, tableLines } from "../table.ts";
import { configureCompact } from "./threads-compact.ts";

type ListOptions = {
  readonly all?: true;
  readonly archived?: true;
  readonly agent?: string;
  readonly status?: ThreadStatus;
  readonly parent?: string;
  readonly q?: string;
  readonly limit: number;
};
type DeleteOptions = { readonly force?: boolean; readonly yes?: boolean };

/** The most the server gives in one page (REST1). */
const pageMax = 100;

/** Adds the subcommands to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command.description("List, show and change threads.");
  configureReading(command, context);
  command
    .command("rename")
    .summary("give a thread a title")
    .description("Give a thread a title of 1 to 200 characters.")
    .argument("<threadId>")
    .argument("<title>")
    .action((threadId, title) => rename(context(), threadId, title));
  command
    .command("archive")
    .summary("put a thread out of the list")
    .argument("<threadId>")
    .option("--undo", "put it back into the list")
    .action((threadId, options) => archive(context(), threadId, options.undo !== true));
  command
    .command("delete")
    .summary("delete a thread for good")
    .description("Delete a thread with its whole history. Its id is never used again.")
    .argument("<threadId>")
    .option("--force", "also while a run is active")
    .option("--yes", "do not ask")
    .action((threadId, options) => remove(context(), threadId, options));
  command
    .command("cancel")
    .summary("end a thread's active run")
    .argument("<threadId>")
    .action((threadId) => cancel(context(), threadId));
  configureCompact(command, context);
}

function configureReading(command: Command, context: () => CommandContext): void {
  command
    .command("list")
    .summary("list threads, newest activity first")
    .description("List your threads, newest activity first.")
    .option("--all", "the whole organisation's, for admins")
    .option("--archived", "archived ones too")
    .option("--agent <id>", "of one agent")
    .addOption(
      new Option("--status <status>", "in one state").choices(["idle", "running", "compacting"]),
    )
    .option("--parent <threadId>", "started by another thread")
    .option("--q <words>", "whose title or messages hold these words")
    .option("--limit <count>", "at most so many", wholeNumber, 50)
    .action((options) => list(context(), options));
  command
    .command("show")
    .summary("show one thread")
    .argument("<threadId>")
    .action((threadId) => show(context(), threadId));
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const { output } = context;
  const { limit, ...filter } = options;
  const threads: Thread[] = [];
  const query = { ...filter, limit: Math.min(limit, pageMax) };
  for await (const thread of context.client().threads.all(query, { signal: context.interrupted })) {
    if (context.json) await output.json(thread);
    threads.push(thread);
    if (threads.length === limit) break;
  }
  if (context.json) return;
  if (threads.length === 0) output.note("no threads");
  else await output.print(...threadTable(threads, context));
}

function threadTable(threads: readonly Thread[], { output }: CommandContext): string[] {
  const now = Date.now();
  const columns: Column[] = [
    { title: "THREAD" },
    { title: "TITLE", flexible: true },
    { title: "AGENT" },
    { title: "STATUS" },
    { title: "EVENTS" },
    { title: "UPDATED" },
  ];
  const rows = threads.map((thread) => [
    thread.id,
    thread.title ?? "–",
    thread.agentId ?? "–",
    thread.archived ? `${thread.status}, archived` : thread.status,
    String(thread.eventCount),
    output.isTerminal ? relativeTime(thread.updatedAt, now) : thread.updatedAt,
  ]);
  return tableLines(columns, rows, output.columns);
}

async function show(context: CommandContext, threadId: string): Promise<void> {
  const query = { limit: 1 };
  const options = { signal: context.interrupted };
  const { thread } = await context.client().threads.get(threadId, query, options);
  await printThread(context, thread);
}

async function printThread(context: CommandContext, thread: Thread): Promise<void> {
  if (context.json) return context.output.json(thread);
  const fields = Object.entries(thread).filter(([, value]) => value !== null);
  const width = Math.max(...fields.map(([name]) => name.length));
  const lines = fields.map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${name.padEnd(width)}  ${printableLine(text)}`;
  });
  await context.output.print(...lines);
}

async function rename(context: CommandContext, threadId: string, title: string): Promise<void> {
  const client = context.client();
  const thread = await client.threads.update(threadId, { title });
  await report(context, thread, `renamed to ${title}`);
}

async function archive(
  context: CommandContext,
  threadId: string,
  archived: boolean,
): Promise<void> {
  const thread = await context.client().threads.update(threadId, { archived });
  await report(context, thread, archived ? "archived" : "back in the list");
}

async function cancel(context: CommandContext, threadId: string): Promise<void> {
  const { thread, runId } = await context.client().threads.cancel(threadId);
  await report(context, thread, `${runId} cancelled`);
}

async function remove(
  context: CommandContext,
  threadId: string,
  { force = false, yes = false }: DeleteOptions,
): Promise<void> {
  const client = context.client();
  if (!yes && process.stdin.isTTY && context.output.isTerminal) {
    const { thread } = await client.threads.get(threadId, { limit: 1 });
    const title = printableLine(thread.title ?? "without a title");
    const question = `Delete ${threadId} (${title}, ${thread.eventCount} events) for good? [y/N] `;
    if (!(await confirmed(question, context.interrupted))) throw new CommandError("not deleted");
  }
  await client.threads.delete(threadId, { force });
  if (context.json) await context.output.json({ id: threadId, deleted: true });
  else await context.output.print(`${threadId} deleted`);
}

async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return /^y(es)?$/i.test((await terminal.question(question, { signal })).trim());
  } finally {
    terminal.close();
  }
}

async function report(context: CommandContext, thread: Thread, words: string): Promise<void> {
  if (context.json) await context.output.json(thread);
  else await context.output.print(`${thread.id} ${printableLine(words)}`);
}

/** Reads an option that is a count. Throws what makes commander refuse it. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It is a whole number above 0.");
  return Number(text);
}
