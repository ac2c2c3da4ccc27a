/**
 * A history → the conversation a model goes on with: turns of messages, each call beside its
 * result (CTX4–CTX6). Guarantees that every entry's content is in it once and in order, whatever
 * was published late, twice or not at all. Pure; every format and every summary begins here.
 */
import type { ContextMessage, ToolCallPart } from "@spool/protocol/context";
import type { JsonObject } from "@spool/protocol/json";
import { contentParts } from "./content.ts";
import type { Entry, History } from "./history.ts";

/** A user's message and everything until the next; the first may begin without one. */
export type Turn = readonly ContextMessage[];

/** What a model needs to go on. No message and no turn is empty. */
export type Conversation = { readonly summary: string | null; readonly turns: readonly Turn[] };

/** How to read a history. */
export type ConversationOptions = {
  /** The history's beginning is missing: results without a call belong to what is missing. */
  readonly isCut?: boolean;
};

/** Reads a history. */
export function conversationOf(history: History, options: ConversationOptions = {}): Conversation {
  const builder = new Builder(options.isCut === true);
  for (const entry of history.entries) builder.add(entry);
  const turns = builder.turns.map((turn) => turn.filter(({ parts }) => parts.length > 0));
  return { summary: history.summary, turns: turns.filter((turn) => turn.length > 0) };
}

/** The message that parts are being added to. */
type OpenMessage = {
  readonly message: ContextMessage;
  /** What its blocks share; null where the publisher gave no id. */
  readonly group: string | null;
  /** Whether one of its calls has its result, so that what follows was said knowing it. */
  answered: boolean;
};

type KnownCall = { readonly part: ToolCallPart; readonly turn: number; readonly open: OpenMessage };

class Builder {
  readonly turns: ContextMessage[][] = [];
  readonly #dropsOrphans: boolean;
  /** By call id: the last call made under it. */
  readonly #calls = new Map<string, KnownCall>();
  /** By message id: the content of the last message of the turn under it. */
  #said = new Map<string, unknown>();
  #open: OpenMessage | null = null;

  constructor(dropsOrphans: boolean) {
    this.#dropsOrphans = dropsOrphans;
  }

  add(entry: Entry): void {
    switch (entry.type) {
      case "user_message":
        this.#addUserMessage(entry);
        break;
      case "assistant_message":
        this.#addAssistantMessage(entry);
        break;
      case "tool_call":
        this.#addCall(entry);
        break;
      case "tool_result":
        this.#addResult(entry);
    }
  }

  #addUserMessage({ payload, sequence }: Entry): void {
    const messageId = textOf(payload.messageId);
    if (this.#isRepeated(messageId, payload.content)) return;
    const parts = contentParts(payload.content);
    this.turns.push([{ role: "user", messageId, sequence, parts }]);
    this.#open = null;
    this.#said = new Map();
    if (messageId !== null) this.#said.set(messageId, payload.content);
  }

  #addAssistantMessage(entry: Entry): void {
    const { content } = entry.payload;
    const messageId = textOf(entry.payload.messageId);
    if (this.#isRepeated(messageId, content)) return;
    if (messageId !== null) this.#said.set(messageId, content);
    const group = groupOf(entry.payload);
    const isNext = this.#open === null || group === null || this.#open.group !== group;
    const open = isNext ? this.#begin(entry) : (this.#open as OpenMessage);
    open.message.parts.push(...contentParts(content));
  }

  #addCall(entry: Entry): void {
    const { name, input = null } = entry.payload;
    const id = callIdOf(entry);
    const known = this.#calls.get(id);
    const isOfTurn = known !== undefined && known.turn === this.turns.length;
    if (isOfTurn && known.part.name === null) {
      // Its result came first.
      Object.assign(known.part, { name: textOf(name), input });
      return;
    }
    if (isOfTurn && known.part.name === name && isSame(known.part.input, input)) return;
    const part = { toolCallId: id, name: textOf(name), input, result: null };
    this.#appendCall(entry, { type: "tool_call", ...part });
  }

  #addResult(entry: Entry): void {
    const { output = null, isError } = entry.payload;
    const result = { output, isError: isError === true };
    const id = callIdOf(entry);
    const known = this.#calls.get(id);
    if (known !== undefined) {
      // The last one said about a call counts.
      known.part.result = result;
      known.open.answered = true;
    } else if (!this.#dropsOrphans) {
      const part = { toolCallId: id, name: null, input: null, result };
      this.#appendCall(entry, { type: "tool_call", ...part }).answered = true;
    }
  }

  #appendCall(entry: Entry, part: ToolCallPart): OpenMessage {
    const group = groupOf(entry.payload);
    const before = this.#open;
    const joins = before !== null && (group === null ? !before.answered : before.group === group);
    const open = joins ? before : this.#begin(entry);
    open.message.parts.push(part);
    this.#calls.set(part.toolCallId, { part, turn: this.turns.length, open });
    return open;
  }

  /** Begins an assistant's message, and a turn where none has begun. */
  #begin({ payload, sequence }: Entry): OpenMessage {
    const group = groupOf(payload);
    const message: ContextMessage = { role: "assistant", messageId: group, sequence, parts: [] };
    if (this.turns.length === 0) this.turns.push([]);
    this.turns.at(-1)?.push(message);
    this.#open = { message, group, answered: false };
    return this.#open;
  }

  #isRepeated(messageId: string | null, content: unknown): boolean {
    return messageId !== null && isSame(this.#said.get(messageId), content);
  }
}

function groupOf(payload: JsonObject): string | null {
  return textOf(payload.groupId) ?? textOf(payload.messageId);
}

/** What only a replacement can lack is made from its place. */
function callIdOf({ payload, sequence }: Entry): string {
  return textOf(payload.toolCallId) ?? `call_${sequence ?? 0}`;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === undefined) return false;
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
