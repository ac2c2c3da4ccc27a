/**
 * Reads what a model needs to go on with a thread (CTX1): its active rollout, newest events first
 * and no more of them than the answer can hold, as a conversation in the format asked for. Only
 * the owner gets it. Called by the route of `GET …/context`.
 */
import { setImmediate } from "node:timers/promises";
import type { ContextAnswer, ContextFormat } from "@spool/protocol/context";
import { eventOfLine, positionOf, typeOfLine } from "../store/event-line.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import {
  type Audit,
  type Caller,
  readableThread,
  type VisibleThread,
} from "../threads/visible-thread.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { fitTokens } from "./fit-tokens.ts";
import { takenBy, writtenIn } from "./formats.ts";
import { countsForContext, type History, historyOf, type SourceEvent } from "./history.ts";
import { tokensOf } from "./token-estimate.ts";

/** What reading contexts needs. */
export type ContextSources = { readonly store: ThreadStore; readonly audit: Audit };

/** What is asked for. */
export type ContextQuery = {
  readonly format?: ContextFormat | undefined;
  /** Estimated tokens; without, whatever the active rollout holds up to `contextBytesMax`. */
  readonly tokensMax?: number | undefined;
};

/** Bytes of lines one context is made of; what is older is left out, as by `max_tokens`. */
export const contextBytesMax = 32 * 1024 * 1024;
/** Bytes of lines looked at for one context, those of other types included. */
const scannedBytesMax = 256 * 1024 * 1024;
/** Contexts being made at a time; further ones wait for their turn. */
const contextsAtOnce = 4;
const page = { limit: 2_000, bytesMax: 1024 * 1024 };
/** Bytes of lines per token of the estimate, read at first: text is four, and JSON more. */
const bytesPerToken = 8;

/** The contexts of one server. */
export class ContextReader {
  readonly #sources: ContextSources;
  readonly #waiting: (() => void)[] = [];
  #reading = 0;

  constructor(sources: ContextSources) {
    this.#sources = sources;
  }

  /** Rejects with THREAD_NOT_FOUND for what the caller may not see, CONTENT_FORBIDDEN for an admin. */
  async read(caller: Caller, threadId: string, query: ContextQuery): Promise<ContextAnswer> {
    const wanted = { threadId, action: "thread.context" };
    const visible = await readableThread(this.#sources, caller, wanted);
    if (this.#reading >= contextsAtOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#reading += 1;
    try {
      return await answerOf(this.#sources.store, visible, query);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#reading -= 1;
      else next();
    }
  }
}

async function answerOf(
  store: ThreadStore,
  visible: VisibleThread,
  { format = "spool", tokensMax = Number.POSITIVE_INFINITY }: ContextQuery,
): Promise<ContextAnswer> {
  const read = async (bytesMax: number): Promise<Part> => {
    const { history, isCut, isAll } = await readHistory(store, visible, bytesMax);
    const conversation = takenBy(format, conversationOf(history, { isCut }));
    return { conversation: isCut ? wholeTurns(conversation) : conversation, isCut, isAll };
  };
  const { conversation, isCut } = await readEnough(read, tokensMax);
  const fitted = fitTokens(conversation, tokensMax);
  const { sequence, crc } = visible.head.thread;
  const head = {
    threadId: visible.key.threadId,
    rolloutId: visible.head.rollout.rolloutId,
    sequence,
    position: positionOf(sequence, crc),
    estimatedTokens: tokensOf(fitted.conversation),
    truncated: isCut || fitted.truncated,
  };
  return { ...head, format, ...writtenIn(format, fitted.conversation) } as ContextAnswer;
}

/** Whether something older was not read, and whether nothing more can be: all is, or a limit met. */
type Extent = { readonly isCut: boolean; readonly isAll: boolean };
/** The newest part of a conversation. */
type Part = Extent & { readonly conversation: Conversation };

/**
 * Reads as far back as `tokensMax` needs: a part that is over the limit already, and begins with
 * whole turns, is cut to the same end as the whole would be.
 */
async function readEnough(
  read: (bytesMax: number) => Promise<Part>,
  tokensMax: number,
): Promise<Part> {
  let bytesMax = Math.max(page.bytesMax, tokensMax * bytesPerToken);
  for (;;) {
    bytesMax = Math.min(bytesMax, contextBytesMax);
    const part = await read(bytesMax);
    if (part.isAll) return part;
    const { turns } = part.conversation;
    if (beginsWhole(turns) && tokensOf({ summary: null, turns }) > tokensMax) return part;
    bytesMax *= 4;
  }
}

/** Without a first turn whose beginning was not read, unless it is the only one. */
function wholeTurns({ summary, turns }: Conversation): Conversation {
  return { summary, turns: turns.length > 1 && !beginsWhole(turns) ? turns.slice(1) : turns };
}

function beginsWhole(turns: Conversation["turns"]): boolean {
  return turns[0]?.[0]?.role === "user";
}

/** The rollout's newest events within `bytesMax`, and always the summary it begins with. */
async function readHistory(
  store: ThreadStore,
  { key, head }: VisibleThread,
  bytesMax: number,
): Promise<Extent & { history: History }> {
  const { rolloutId, firstSequence } = head.rollout;
  const range = { key, rolloutId, type: null, ...page };
  const newest: SourceEvent[] = [];
  let bytes = 0;
  let scanned = 0;
  let to: number | null = head.thread.sequence || null;
  while (to !== null && bytes < bytesMax && scanned < scannedBytesMax) {
    const query = { ...range, from: 1, to, order: "desc" as const };
    const { lines, next } = await store.readEvents(query);
    for (const line of lines) {
      scanned += line.length;
      bytes += pushEvent(newest, line);
    }
    to = next;
    // Parsing a page takes some milliseconds; others have their turn in between.
    await setImmediate();
  }
  const { summary, entries } = historyOf(newest.reverse());
  if (to === null) return { history: { summary, entries }, isCut: false, isAll: true };
  const isAll = bytesMax >= contextBytesMax || scanned >= scannedBytesMax;
  const first = { ...range, from: firstSequence, to: firstSequence, order: "asc" as const };
  const opening: SourceEvent[] = [];
  for (const line of (await store.readEvents(first)).lines) pushEvent(opening, line);
  // What the compaction kept lies before the events that were left out, and goes with them.
  const history = { summary: historyOf(opening).summary, entries };
  return { history, isCut: true, isAll };
}

/** Adds the event of a line where it counts for a context; gives the bytes it took. */
function pushEvent(events: SourceEvent[], line: Buffer): number {
  if (!countsForContext(typeOfLine(line))) return 0;
  events.push(eventOfLine(line));
  return line.length;
}
