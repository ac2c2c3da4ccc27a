/** What is read out about new items of a conversation: the last message, and how many came. Pure. */
import type { Event } from "@spool/protocol/resources";
import { texts } from "../texts.ts";
import type { Item } from "./conversation.ts";

/** Characters of a message that are read out. */
const charactersMax = 240;

/** The words for the items behind the event `after`; null when nothing is to be said. */
export function announcement(items: readonly Item[], after: number): string | null {
  const fresh = items.filter(({ sequence }) => sequence > after);
  const messages = fresh.filter((item) => item.kind === "message");
  const said: string[] = [];
  const last = messages.at(-1);
  if (last !== undefined) {
    const text = messageText(last.event);
    const words = texts.announcer.message(texts.announcer.roles[last.role], text);
    said.push(messages.length === 1 ? words : texts.announcer.more(messages.length, words));
  }
  const end = fresh.findLast((item) => item.kind === "run-end");
  if (end !== undefined) said.push(endText(end.event));
  return said.length === 0 ? null : said.join(" ");
}

function messageText({ payload: { content } }: Event): string {
  const text = Array.isArray(content) ? content.map(partText).join(" ") : partText(content);
  const characters = [...text.replaceAll(/\s+/g, " ").trim()];
  if (characters.length === 0) return texts.announcer.noText;
  if (characters.length <= charactersMax) return characters.join("");
  return `${characters.slice(0, charactersMax).join("")} …`;
}

/** Text parts only: thinking and images are not what was said. */
function partText(part: unknown): string {
  if (typeof part === "string") return part;
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  return type === "text" && typeof text === "string" ? text : "";
}

function endText({ payload: { status } }: Event): string {
  const { completed, other } = texts.announcer.runEnded;
  return status === "completed" ? completed : other(String(status));
}
