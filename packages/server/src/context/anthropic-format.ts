/**
 * A conversation as messages of Anthropic's Messages API (CTX7). Guarantees what the API demands:
 * roles take turns and the user's is first, results stand first in the message right behind their
 * calls, every call has one, no text is blank, and no message ends with a thought.
 */
import type {
  ContentPart,
  ContextMessage,
  ContextThinking,
  ToolCallPart,
} from "@spool/protocol/context";
import type {
  AnthropicAssistantBlock,
  AnthropicDocument,
  AnthropicImage,
  AnthropicImageType,
  AnthropicMessage,
  AnthropicToolResult,
  AnthropicUserBlock,
  TextBlock,
} from "@spool/protocol/context-formats";
import type { JsonObject } from "@spool/protocol/json";
import { CallNames, emptyError, missingResult } from "./call-names.ts";
import { isCall, isText, isThinking, outputParts } from "./content.ts";
import { type Format, summaryText } from "./context-format.ts";
import type { Conversation } from "./conversation.ts";
import { mediaOf, noteOf } from "./media.ts";

/** The format `anthropic`. */
export const anthropicFormat: Format<"anthropic"> = {
  takesThinking: isSigned,
  write: (conversation) => ({ messages: messagesOf(conversation) }),
};

const callRules = { idMax: 64, nameMax: 64 };
const imageTypes = new Set<string>(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const opening = "[The conversation goes on.]";

function messagesOf({ summary, turns }: Conversation): AnthropicMessage[] {
  const list = new Alternation();
  const names = new CallNames(callRules);
  if (summary !== null) list.addUser([{ type: "text", text: summaryText(summary) }]);
  for (const message of turns.flat()) {
    if (message.role === "user") {
      list.addUser((message.parts as ContentPart[]).flatMap(userBlock));
    } else {
      const { blocks, results } = assistantBlocks(message, names);
      list.addAssistant(blocks);
      list.addUser(results);
    }
  }
  return list.finished();
}

/** Messages whose roles take turns: what follows in the same role joins the last. */
class Alternation {
  readonly #messages: AnthropicMessage[] = [];

  addUser(blocks: AnthropicUserBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.role === "user") last.content.push(...blocks);
    else this.#messages.push({ role: "user", content: blocks });
  }

  addAssistant(blocks: AnthropicAssistantBlock[]): void {
    if (blocks.length === 0) return;
    if (this.#messages.length === 0) this.addUser([{ type: "text", text: opening }]);
    const last = this.#messages.at(-1);
    if (last?.role === "assistant") last.content.push(...blocks);
    else this.#messages.push({ role: "assistant", content: blocks });
  }

  /** The last text of the assistant's loses the white space at its end, which is refused. */
  finished(): AnthropicMessage[] {
    const last = this.#messages.at(-1);
    const block = last?.content.at(-1);
    if (last?.role === "assistant" && block?.type === "text") {
      last.content[last.content.length - 1] = { type: "text", text: block.text.trimEnd() };
    }
    return this.#messages;
  }
}

type Written = { blocks: AnthropicAssistantBlock[]; results: AnthropicToolResult[] };

function assistantBlocks({ parts }: ContextMessage, names: CallNames): Written {
  const blocks: AnthropicAssistantBlock[] = [];
  const results: AnthropicToolResult[] = [];
  for (const part of parts) {
    if (isCall(part)) {
      const { id, name, input } = names.next(part);
      blocks.push({ type: "tool_use", id, name, input });
      results.push(toolResult(part, id));
    } else blocks.push(...assistantBlock(part));
  }
  while (isThought(blocks.at(-1))) blocks.pop();
  return { blocks, results };
}

function assistantBlock(part: ContentPart): AnthropicAssistantBlock[] {
  if (isText(part)) return textBlocks(part.text);
  const { signature, data } = part as JsonObject;
  if (isThinking(part)) {
    return [{ type: "thinking", thinking: part.text, signature: String(signature) }];
  }
  if (part.type === "redacted_thinking" && typeof data === "string" && data !== "") {
    return [{ type: "redacted_thinking", data }];
  }
  return textBlocks(noteOf(part));
}

function isThought(block: AnthropicAssistantBlock | undefined): boolean {
  return block?.type === "thinking" || block?.type === "redacted_thinking";
}

/** A thought without a signature cannot be told from a forged one and is refused. */
function isSigned({ signature }: ContextThinking): boolean {
  return typeof signature === "string" && signature !== "";
}

function userBlock(part: ContentPart): (TextBlock | AnthropicImage | AnthropicDocument)[] {
  if (isText(part)) return textBlocks(part.text);
  const media = mediaOf(part);
  const block = media === null ? null : mediaBlock(media);
  return block === null ? textBlocks(noteOf(part)) : [block];
}

function mediaBlock(
  media: NonNullable<ReturnType<typeof mediaOf>>,
): AnthropicImage | AnthropicDocument | null {
  const { kind, content, mediaType } = media;
  if (content.type === "url") return { type: kind, source: { type: "url", url: content.url } };
  const { data } = content;
  if (kind === "document") {
    if (mediaType !== "application/pdf") return null;
    return { type: "document", source: { type: "base64", media_type: mediaType, data } };
  }
  if (mediaType === null || !imageTypes.has(mediaType)) return null;
  const media_type = mediaType as AnthropicImageType;
  return { type: "image", source: { type: "base64", media_type, data } };
}

/** An error's content is text only and never empty; other content may be left out. */
function toolResult({ result }: ToolCallPart, id: string): AnthropicToolResult {
  const base = { type: "tool_result" as const, tool_use_id: id };
  if (result === null) return { ...base, content: missingResult, is_error: true };
  const parts = outputParts(result.output);
  if (result.isError) {
    const text = parts.map((part) => (isText(part) ? part.text : noteOf(part))).join("\n");
    return { ...base, content: text.trim() === "" ? emptyError : text, is_error: true };
  }
  const content = parts.flatMap(userBlock);
  const [only] = content;
  if (only === undefined) return base;
  return { ...base, content: content.length === 1 && only.type === "text" ? only.text : content };
}

function textBlocks(text: string): TextBlock[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}
