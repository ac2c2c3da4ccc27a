/**
 * What a format is: which thoughts it has a place for, and how a conversation is written in it.
 * Implementations are pure, and give the same for the same conversation.
 */
import type { ContextBodies, ContextFormat, ContextThinking } from "@spool/protocol/context";
import { isThinking } from "./content.ts";
import type { Conversation, Turn } from "./conversation.ts";

/** One format of `GET …/context`. */
export type Format<F extends ContextFormat> = {
  readonly takesThinking: (part: ContextThinking) => boolean;
  /** `conversation` as `takesThinking` left it; it is not changed. */
  readonly write: (conversation: Conversation) => ContextBodies[F];
};

/** How the summary is told where a format has messages only: as the first of the user's. */
export function summaryText(summary: string): string {
  return `This conversation goes on from an earlier part, whose summary is:\n\n${summary}`;
}

/** The conversation without the thoughts that a format has no place for. */
export function withoutThinking(
  { summary, turns }: Conversation,
  takes: (part: ContextThinking) => boolean,
): Conversation {
  const isTaken = (part: Turn[number]["parts"][number]) => !isThinking(part) || takes(part);
  const left = turns.map((turn) =>
    turn.flatMap((message) => {
      if (message.parts.every(isTaken)) return [message];
      const parts = message.parts.filter(isTaken);
      return parts.length === 0 ? [] : [{ ...message, parts }];
    }),
  );
  return { summary, turns: left.filter((turn) => turn.length > 0) };
}
