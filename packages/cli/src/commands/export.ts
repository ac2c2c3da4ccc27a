/**
 * `spool export <threadId…>`: threads as files that `spool import` takes, on this server or another
 * (MOVE11). Connections that break are taken up again; a thread that is written to meanwhile is cut
 * where it stood at the beginning. Exit code 1 when any of several failed.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SpoolClient } from "@spool/client/spool-client";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { exitCodes, usageError } from "../command-error.ts";
import { failureMessage } from "../failure-message.ts";
import { exportToFile, exportToOutput } from "../moving/export-file.ts";
import { ProgressBar } from "../publishing/progress-bar.ts";

type ExportChoices = { readonly output?: string; readonly all?: boolean };

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Export threads with their whole history, byte for byte, for spool import. One thread goes " +
        "to standard output or a file, several go into a folder, a file each.",
    )
    .argument("[threadId...]")
    .option("-o, --output <path>", "the file, - for standard output; for several the folder")
    .option("--all", "all of your threads, archived ones too")
    .action((threadIds, choices) => exportThreads(context(), threadIds, choices));
}

async function exportThreads(
  context: CommandContext,
  threadIds: readonly string[],
  { output = "-", all = false }: ExportChoices,
): Promise<void> {
  if (all === threadIds.length > 0) throw usageError("name threads, or use --all");
  const client = context.client();
  const [only] = threadIds;
  if (!all && threadIds.length === 1 && only !== undefined) {
    await exportOne(context, client, { threadId: only, file: output === "-" ? null : output });
    return;
  }
  if (output === "-") throw usageError("several threads need a folder: name one with --output");
  await mkdir(output, { recursive: true });
  const names = new Set<string>();
  for await (const threadId of all ? ownThreads(context, client) : threadIds) {
    try {
      const file = join(output, fileNameOf(threadId, names));
      await exportOne(context, client, { threadId, file });
    } catch (error) {
      context.interrupted.throwIfAborted();
      process.exitCode = exitCodes.failed;
      const message = failureMessage(error, context.url);
      if (context.json) await context.output.json({ threadId, ok: false, error: message });
      else context.output.note(`spool: ${threadId}: ${message}`);
    }
  }
}

async function* ownThreads({ interrupted }: CommandContext, client: SpoolClient) {
  const threads = client.threads.all({ archived: true, limit: 100 }, { signal: interrupted });
  for await (const { id } of threads) yield id;
}

/** Ids that differ only in case get files that do not meet where case does not count. */
function fileNameOf(threadId: string, names: Set<string>): string {
  const lower = threadId.toLowerCase();
  let name = lower;
  for (let count = 2; names.has(name); count += 1) name = `${lower}~${count}`;
  names.add(name);
  return `${threadId}${name.slice(lower.length)}.jsonl`;
}

async function exportOne(
  context: CommandContext,
  client: SpoolClient,
  { threadId, file }: { readonly threadId: string; readonly file: string | null },
): Promise<void> {
  const { output, interrupted } = context;
  const bar = new ProgressBar(output, true);
  const options = {
    signal: AbortSignal.any([interrupted, output.closed]),
    onProgress: (done: number, total: number) => {
      bar.show(done / total, `${threadId}: ${megabytes(done)} of ${megabytes(total)}`);
    },
    onRetry: (error: unknown) =>
      bar.show(null, `${threadId}: ${failureMessage(error, context.url)}`),
  };
  try {
    if (file === null) {
      await exportToOutput(client, threadId, { ...options, output });
      return;
    }
    const exported = await exportToFile(client, threadId, { ...options, file });
    bar.clear();
    if (context.json) await output.json({ threadId, ok: true, file, ...exported });
    else await output.print(`${threadId}: ${exported.events} events in ${file}`);
  } finally {
    bar.clear();
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
