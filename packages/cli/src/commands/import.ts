/**
 * `spool import <file…>`: threads from files that `spool export` wrote (MOVE12). A file that was
 * imported before, or has grown since, adds only what is new; one that is not whole adds nothing.
 * Exit code 1 when any failed; the others are still imported.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { ImportResult } from "@spool/client/thread-moving";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../command-error.ts";
import { failureMessage } from "../failure-message.ts";
import { printableLine } from "../printable-text.ts";
import { ProgressBar } from "../publishing/progress-bar.ts";

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Import threads that spool export wrote, from this server or another. Ids, times and " +
        "every byte of the history stay; you become the owner.",
    )
    .argument("<file...>", "exports; - is standard input")
    .action((files) => importFiles(context(), files));
}

async function importFiles(context: CommandContext, files: readonly string[]): Promise<void> {
  const client = context.client();
  const bar = new ProgressBar(context.output, true);
  // One clear line when the server or the key is wrong, instead of one per file.
  await client.account.me({ signal: context.interrupted });
  for (const file of files) {
    try {
      const imported = await importFile(context, client, { file, bar });
      bar.clear();
      await reportDone(context, file, imported);
    } catch (error) {
      bar.clear();
      context.interrupted.throwIfAborted();
      process.exitCode = exitCodes.failed;
      await reportFailed(context, file, error);
    }
  }
}

/** A file is sent again when the connection broke; standard input cannot be. */
async function importFile(
  context: CommandContext,
  client: SpoolClient,
  { file, bar }: { readonly file: string; readonly bar: ProgressBar },
): Promise<ImportResult> {
  const signal = context.interrupted;
  const total = file === "-" ? null : (await stat(file)).size;
  const send = () => {
    const source = file === "-" ? process.stdin : createReadStream(file);
    const chunks = counted(source, (done) => {
      const name = printableLine(file);
      bar.show(total === null ? null : done / total, `${name}: ${done} bytes sent`);
    });
    return client.threads.import(chunks, { signal });
  };
  return file === "-" ? send() : withRetries(send, { signal });
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of source) {
    yield chunk;
    done += chunk.length;
    onBytes(done);
  }
}

async function reportDone(
  { output, json }: CommandContext,
  file: string,
  { thread, appended, isNew }: ImportResult,
): Promise<void> {
  const threadId = thread.id;
  if (json) {
    await output.json({ file, ok: true, threadId, appended, isNew });
    return;
  }
  const count = appended === 1 ? "1 event" : `${appended} events`;
  const what = isNew ? `new, ${count}` : `${count} added`;
  await output.print(`${printableLine(file)}: ${threadId}: ${what}`);
}

async function reportFailed(
  { output, json, url }: CommandContext,
  file: string,
  error: unknown,
): Promise<void> {
  const message = failureMessage(error, url);
  if (json) {
    const { code = "FAILED", details = {} } = error as { code?: unknown; details?: unknown };
    await output.json({ file, ok: false, error: { code, message, details } });
  } else output.note(`spool: ${printableLine(file)}: ${message}`);
}
