/**
 * `spool tail <threadId>`: a thread's history, then every frame live, without loss across
 * reconnects (CFG11). On a terminal for reading, otherwise the frames as JSON lines exactly as
 * received; of a snapshot its events, each as its stored line.
 */
import { styleText } from "node:util";
import { startPosition } from "@spool/client/position";
import type { SpoolClient } from "@spool/client/spool-client";
import { type WatchState, watchThread } from "@spool/client/subscription";
import type { Received } from "@spool/client/watch-progress";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../command-context.ts";
import { printableLine } from "../printable-text.ts";
import { FramePrinter } from "../tailing/frame-printer.ts";

type TailOptions = {
  readonly after?: string;
  readonly follow: boolean;
  readonly allRollouts?: boolean;
};

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Print a thread's history and go on live. On a terminal it is made for reading; " +
        "with --json or into a pipe, one stored event or live frame per line, as received.",
    )
    .argument("<threadId>")
    .option("--after <position>", "only what comes after a sequence or a position", position)
    .option("--all-rollouts", "the whole history, not only since the last compaction")
    .option("--no-follow", "stop at the end of the history")
    .action((threadId, options) => tail(context(), threadId, options));
}

async function tail(
  context: CommandContext,
  threadId: string,
  options: TailOptions,
): Promise<void> {
  const { output } = context;
  const client = context.client();
  const signal = AbortSignal.any([context.interrupted, output.closed]);
  const surroundings = { columns: () => output.columns ?? 80, now: Date.now };
  const printer = output.isTerminal && !context.json ? new FramePrinter(surroundings) : null;
  const after = await beginning(client, threadId, { ...options, signal });
  const onState = connectionNotes(context, printer);
  const watch = { after, allRollouts: options.allRollouts, signal, onState };
  let head = Number.POSITIVE_INFINITY;
  for await (const received of watchThread(client, threadId, watch)) {
    await output.write(printer === null ? jsonLines(received) : printer.textOf(received));
    if (options.follow) continue;
    const { frame } = received;
    if (received.kind === "snapshot") head = Math.min(head, received.frame.thread.sequence);
    const metadataOnly = received.kind === "snapshot" && received.frame.access === "metadata";
    if (metadataOnly || ("sequence" in frame && frame.sequence >= head)) break;
  }
  await output.write(printer?.endLine() ?? "");
}

/**
 * Where the stream begins. Events then come oldest first however many there are, where a snapshot
 * without `after` would hold the newest of them only.
 */
async function beginning(
  client: SpoolClient,
  threadId: string,
  {
    after,
    allRollouts,
    signal,
  }: Pick<TailOptions, "after" | "allRollouts"> & { signal: AbortSignal },
): Promise<string | undefined> {
  // Also what says in one line that the server, the key or the thread is not there.
  const { access } = await client.threads.get(threadId, { limit: 1 }, { signal });
  if (after !== undefined) return after;
  if (access === "metadata") return undefined;
  if (allRollouts) return startPosition;
  const { items } = await client.history.rollouts(threadId, { limit: 1 }, { signal });
  return String((items[0]?.firstSequence ?? 1) - 1);
}

function jsonLines(received: Received): string {
  const lines = received.kind === "snapshot" ? received.lines() : [received.text];
  return lines.map((line) => `${line}\n`).join("");
}

/** Says when the connection is lost for more than a moment, and when it is back. */
function connectionNotes(
  { output }: CommandContext,
  printer: FramePrinter | null,
): (state: WatchState) => void {
  let isLost = false;
  const note = (line: string) => {
    const dim = styleText("dim", printableLine(line), { stream: process.stderr });
    output.noteRaw(`${printer?.endLine() ?? ""}${dim}\n`);
  };
  return (state) => {
    if (state.state === "offline" && state.retryInMs > 0) {
      isLost = true;
      note(`${state.reason}; trying again in ${Math.ceil(state.retryInMs / 1_000)} s`);
    } else if (state.state === "live" && isLost) {
      isLost = false;
      note("connected again");
    }
  };
}

function position(text: string): string {
  if (/^\d{1,16}(\.[0-9a-f]{8})?$/.test(text)) return text;
  throw new InvalidArgumentError("It is a sequence such as 42, or a position such as 42.1a2b3c4d.");
}
