/** The formats by name, and how an answer's body is made in one of them. Pure. */
import type { ContextAnswer, ContextBodies, ContextFormat } from "@spool/protocol/context";
import { aiSdkFormat } from "./ai-sdk-format.ts";
import { anthropicFormat } from "./anthropic-format.ts";
import { type Format, withoutThinking } from "./context-format.ts";
import type { Conversation } from "./conversation.ts";
import { openAiFormat } from "./openai-format.ts";
import { wellFormedJson } from "./well-formed.ts";

/** Our own: the conversation as it is. */
const spoolFormat: Format<"spool"> = {
  takesThinking: () => true,
  write: ({ summary, turns }) => ({ summary, messages: turns.flat() }),
};

const formats: { readonly [F in ContextFormat]: Format<F> } = {
  spool: spoolFormat,
  openai: openAiFormat,
  anthropic: anthropicFormat,
  "ai-sdk": aiSdkFormat,
};

/** The conversation without the thoughts that `format` has no place for. */
export function takenBy(format: ContextFormat, conversation: Conversation): Conversation {
  return withoutThinking(conversation, formats[format].takesThinking);
}

/** What `takenBy` left, written in `format`. */
export function writtenIn<F extends ContextFormat>(
  format: F,
  conversation: Conversation,
): ContextBodies[F] {
  return formats[format].write(conversation) as ContextBodies[F];
}

/** An answer as JSON text; in a format of others without anything that its API refuses. */
export function contextJson(answer: ContextAnswer): string {
  return answer.format === "spool" ? JSON.stringify(answer) : wellFormedJson(answer);
}
