/** Events of a rollout in a few words, numbered as they come. For tests of contexts and summaries. */
import { type Conversation, conversationOf } from "../context/conversation.ts";
import { historyOf, type SourceEvent } from "../context/history.ts";

/** An event without its number. */
export type Draft = {
  readonly type: string;
  readonly payload: { readonly [name: string]: unknown };
};

/** Numbers the drafts from 1. */
export function eventsOf(...drafts: readonly Draft[]): SourceEvent[] {
  return drafts.map((draft, index) => ({ ...draft, sequence: index + 1 }));
}

/** The conversation of the drafts. */
export function talk(...drafts: readonly Draft[]): Conversation {
  return conversationOf(historyOf(eventsOf(...drafts)));
}

/** A user's message. */
export function user(content: unknown, more: object = {}): Draft {
  return { type: "user_message", payload: { content, ...more } };
}

/** An assistant's message. */
export function assistant(content: unknown, more: object = {}): Draft {
  return { type: "assistant_message", payload: { content, ...more } };
}

/** A call. */
export function call(toolCallId: string, name: string, input: unknown, more: object = {}): Draft {
  return { type: "tool_call", payload: { toolCallId, name, input, ...more } };
}

/** A result. */
export function result(toolCallId: string, output: unknown, more: object = {}): Draft {
  return { type: "tool_result", payload: { toolCallId, output, ...more } };
}

/** A completed compaction, or with `status` a failed one. */
export function compacted(payload: object): Draft {
  return { type: "compaction_completed", payload: { ...payload } };
}
