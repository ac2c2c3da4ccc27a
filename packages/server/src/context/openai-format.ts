/**
 * A conversation as messages of OpenAI's chat completions (CTX7): each assistant message with
 * calls is followed by one `tool` message per call, in order. Thoughts have no place in it; an
 * image in a result follows as a user's message, since a `tool` message holds text only.
 */
import type { ContentPart, ContextMessage, ToolCallPart } from "@spool/protocol/context";
import type { OpenAiMessage, OpenAiUserPart, TextBlock } from "@spool/protocol/context-formats";
import { CallNames, emptyError, missingResult } from "./call-names.ts";
import { isCall, isText, outputParts } from "./content.ts";
import { type Format, summaryText } from "./context-format.ts";
import type { Conversation } from "./conversation.ts";
import { addressOf, mediaOf, noteOf } from "./media.ts";

/** The format `openai`. */
export const openAiFormat: Format<"openai"> = {
  takesThinking: () => false,
  write: (conversation) => ({ messages: messagesOf(conversation) }),
};

/** The limits of ids and names in chat completions. */
const callRules = { idMax: 40, nameMax: 64 };

function messagesOf({ summary, turns }: Conversation): OpenAiMessage[] {
  const names = new CallNames(callRules);
  const messages = turns.flat().flatMap((message) => {
    return message.role === "user" ? userMessage(message) : assistantMessages(message, names);
  });
  if (summary !== null) messages.unshift({ role: "user", content: summaryText(summary) });
  return messages;
}

function userMessage({ parts }: ContextMessage): OpenAiMessage[] {
  return [{ role: "user", content: loneText((parts as ContentPart[]).map(userPart)) }];
}

function userPart(part: ContentPart): OpenAiUserPart {
  if (isText(part)) return { type: "text", text: part.text };
  const media = mediaOf(part);
  if (media?.kind === "image") return { type: "image_url", image_url: { url: addressOf(media) } };
  if (media?.content.type !== "base64") return { type: "text", text: noteOf(part) };
  const filename = media.name ?? "document";
  return { type: "file", file: { filename, file_data: addressOf(media) } };
}

function assistantMessages({ parts }: ContextMessage, names: CallNames): OpenAiMessage[] {
  const texts: TextBlock[] = [];
  const calls: { part: ToolCallPart; id: string; name: string; arguments: string }[] = [];
  for (const part of parts) {
    if (isCall(part)) {
      const { id, name, input } = names.next(part);
      calls.push({ part, id, name, arguments: JSON.stringify(input) });
    } else texts.push({ type: "text", text: isText(part) ? part.text : noteOf(part) });
  }
  const content = texts.length === 0 ? null : loneText(texts);
  if (calls.length === 0) return [{ role: "assistant", content }];
  const tool_calls = calls.map(({ id, name, arguments: text }) => {
    return { id, type: "function" as const, function: { name, arguments: text } };
  });
  return [
    { role: "assistant", content, tool_calls },
    ...calls.map(({ part, id }): OpenAiMessage => {
      return { role: "tool", tool_call_id: id, content: resultText(part) };
    }),
    ...calls.flatMap(({ part, id }) => resultImages(part, id)),
  ];
}

/** The result as text; that it is an error stands before it. */
function resultText({ result }: ToolCallPart): string {
  if (result === null) return `Error: ${missingResult}`;
  const texts = outputParts(result.output).map((part) => {
    if (isText(part)) return part.text;
    return mediaOf(part)?.kind === "image" ? "[image below]" : noteOf(part);
  });
  const text = texts.join("\n");
  if (!result.isError) return text;
  return /^error/i.test(text) ? text : `Error: ${text === "" ? emptyError : text}`;
}

function resultImages({ result }: ToolCallPart, id: string): OpenAiMessage[] {
  if (!Array.isArray(result?.output)) return [];
  const images = outputParts(result?.output).flatMap((part): OpenAiUserPart[] => {
    const media = isText(part) ? null : mediaOf(part);
    return media?.kind === "image" ? [userPart(part)] : [];
  });
  if (images.length === 0) return [];
  const title: TextBlock = { type: "text", text: `From the result of call ${id}:` };
  return [{ role: "user", content: [title, ...images] }];
}

/** A lone text as text, which every server of this API takes; else the parts. */
function loneText<Part extends OpenAiUserPart>(parts: Part[]): string | Part[] {
  const [only] = parts;
  return parts.length === 1 && only?.type === "text" ? only.text : parts;
}
