/**
 * A conversation as `UIMessage[]` of the AI SDK (CTX7): what the assistant does in a turn is one
 * message whose steps begin with `step-start`, as the SDK itself writes it. Tools are dynamic
 * parts, since their schemas are not known here; ids are unique.
 */
import type {
  ContentPart,
  ContextMessage,
  ContextPart,
  ToolCallPart,
} from "@spool/protocol/context";
import type { AiSdkMessage, AiSdkPart } from "@spool/protocol/context-formats";
import type { JsonObject } from "@spool/protocol/json";
import { CallNames, emptyError, missingResult } from "./call-names.ts";
import { isCall, isText, isThinking, outputText } from "./content.ts";
import { type Format, summaryText } from "./context-format.ts";
import type { Conversation } from "./conversation.ts";
import { addressOf, mediaOf, noteOf } from "./media.ts";

/** The format `ai-sdk`. */
export const aiSdkFormat: Format<"ai-sdk"> = {
  takesThinking: () => true,
  write: (conversation) => ({ messages: messagesOf(conversation) }),
};

/** The narrowest rules of the providers that the SDK hands calls to. */
const callRules = { idMax: 40, nameMax: 64 };

function messagesOf({ summary, turns }: Conversation): AiSdkMessage[] {
  const names = new CallNames(callRules);
  const ids = new Set<string>();
  const messages: AiSdkMessage[] = [];
  if (summary !== null) {
    const text = { type: "text", text: summaryText(summary), state: "done" } as const;
    const metadata = { sequence: null, summary: true } as const;
    messages.push({ id: freeId(ids, "summary"), role: "user", metadata, parts: [text] });
  }
  for (const message of turns.flat()) {
    const last = messages.at(-1);
    const parts = message.parts.map((part) => partOf(part, names));
    if (message.role === "assistant") parts.unshift({ type: "step-start" });
    if (message.role === "assistant" && last?.role === "assistant") last.parts.push(...parts);
    else messages.push({ ...headOf(message, ids), parts });
  }
  return messages;
}

function headOf(message: ContextMessage, ids: Set<string>): Omit<AiSdkMessage, "parts"> {
  const { role, messageId, sequence } = message;
  const id = freeId(ids, messageId ?? `event-${sequence ?? "kept"}`);
  return { id, role, metadata: { sequence } };
}

function freeId(ids: Set<string>, wanted: string): string {
  let id = wanted;
  for (let count = 2; ids.has(id); count += 1) id = `${wanted}-${count}`;
  ids.add(id);
  return id;
}

function partOf(part: ContextPart, names: CallNames): AiSdkPart {
  if (isCall(part)) return toolPart(part, names);
  if (isText(part)) return { type: "text", text: part.text, state: "done" };
  if (isThinking(part)) {
    const { text, signature } = part;
    const reasoning = { type: "reasoning", text, state: "done" } as const;
    if (typeof signature !== "string") return reasoning;
    return { ...reasoning, providerMetadata: { anthropic: { signature } } };
  }
  return filePart(part);
}

function filePart(part: ContentPart): AiSdkPart {
  const media = mediaOf(part);
  if (media === null) return { type: `data-${part.type}`, data: part };
  const { kind, name } = media;
  const mediaType = media.mediaType ?? (kind === "image" ? "image/*" : "application/pdf");
  const file = { type: "file", mediaType, url: addressOf(media) } as const;
  return name === null ? file : { ...file, filename: name };
}

function toolPart(part: ToolCallPart, names: CallNames): AiSdkPart {
  const { id, name, input } = names.next(part);
  const call = { type: "dynamic-tool", toolName: name, toolCallId: id, input } as const;
  const { result } = part;
  if (result === null) return { ...call, state: "output-error", errorText: missingResult };
  if (!result.isError) {
    return { ...call, state: "output-available", output: result.output as JsonObject };
  }
  const errorText = outputText(result.output, noteOf);
  return { ...call, state: "output-error", errorText: errorText === "" ? emptyError : errorText };
}
