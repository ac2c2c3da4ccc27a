/**
 * `spool context <threadId>`: what a model would be given to go on with a thread (CTX10). For
 * reading by default, in another format its messages as JSON; with `--json` the whole answer.
 */
import { type ContextFormat, contextFormats } from "@spool/protocol/context";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { contextText } from "../context-text.ts";
import { printable } from "../printable-text.ts";

type ContextOptions = { readonly format: ContextFormat; readonly maxTokens?: number };

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Print what a model needs to go on with a thread: the summary of what was compacted, and " +
        "the messages since. With --json the server's answer as it is.",
    )
    .argument("<threadId>")
    .addOption(
      new Option("--format <format>", "whose messages").choices(contextFormats).default("spool"),
    )
    .option("--max-tokens <count>", "the newest part, of about so many tokens", wholeNumber)
    .action((threadId, options) => show(context(), threadId, options));
}

async function show(
  context: CommandContext,
  threadId: string,
  { format, maxTokens }: ContextOptions,
): Promise<void> {
  const { output, interrupted: signal } = context;
  const { threads } = context.client();
  const answer = await threads.context(threadId, { format, maxTokens }, { signal });
  if (context.json) return output.json(answer);
  const text =
    answer.format === "spool"
      ? contextText(answer, output.columns ?? 80)
      : `${printable(JSON.stringify(answer.messages, null, 2))}\n`;
  await output.write(text);
  const { sequence, estimatedTokens, truncated } = answer;
  const left = truncated ? "; older messages were left out" : "";
  output.note(`about ${estimatedTokens} tokens, up to event ${sequence}${left}`);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It is a whole number above 0.");
  return Number(text);
}
