/**
 * What happened to a watched thread in one turn of the event loop, in order, and its bytes for each
 * kind of watcher: made once, when the first of the kind needs them, and shared by all of them.
 */
import { crc32 } from "node:zlib";
import { positionOf, typeOfLine } from "../store/event-line.ts";
import type { TransientOutput } from "./in-flight.ts";
import type { BusMessage } from "./live-bus.ts";
import { metadataLine } from "./metadata-view.ts";
import { noticeOf } from "./notices.ts";
import { sseFrame } from "./sse-frame.ts";
import { textFrame } from "./ws-frame.ts";

/** How frames are put on the wire. */
export type Encoding = "websocket" | "sse";

/** What a watcher is shown: everything, no transient frames, or no content (LIVE9, LIVE10). */
export type Audience = "all" | "durable" | "metadata";

/**
 * The bytes of a turn and the durable sequences in it; `first` is 0 without any, and -1 where they
 * do not follow on each other, which no watcher can use.
 */
export type TurnBytes = {
  readonly bytes: Buffer;
  readonly first: number;
  readonly last: number;
};

/** One turn of one thread; nothing is added once its bytes were asked for. */
export class Turn {
  readonly #threadId: string;
  /** Mostly what one publish brought, as it came; of several a list of its own. */
  #messages: readonly BusMessage[] = [];
  #gathered: BusMessage[] | null = null;
  /** One for each kind of watcher that asked, of which there are few. */
  #encoded: readonly (TurnBytes & Pick<Kind, "encoding" | "audience">)[] = [];
  #hasNotices = false;

  constructor(threadId: string) {
    this.#threadId = threadId;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Whether any of the server's own frames is in it. */
  get hasNotices(): boolean {
    return this.#hasNotices;
  }

  add(messages: readonly BusMessage[]): void {
    if (this.isEmpty) this.#messages = messages;
    else {
      this.#gathered ??= [...this.#messages];
      for (const message of messages) this.#gathered.push(message);
      this.#messages = this.#gathered;
    }
    for (const { kind } of messages) {
      this.#hasNotices ||= kind !== "event" && kind !== "transient";
    }
  }

  /** The last message of this kind in the turn, or undefined. */
  lastOf<Kind extends BusMessage["kind"]>(kind: Kind) {
    return this.#messages.findLast(
      (message): message is Extract<BusMessage, { kind: Kind }> => message.kind === kind,
    );
  }

  bytes(encoding: Encoding, audience: Audience): TurnBytes {
    for (const known of this.#encoded) {
      if (known.encoding === encoding && known.audience === audience) return known;
    }
    const made = { ...this.#encode(encoding, audience), encoding, audience };
    this.#encoded = [made, ...this.#encoded];
    return made;
  }

  #encode(encoding: Encoding, audience: Audience): TurnBytes {
    const frames: Buffer[] = [];
    let first = 0;
    let last = 0;
    for (const message of this.#messages) {
      const frame = encodeMessage(message, { encoding, audience, threadId: this.#threadId });
      if (frame !== null) frames.push(frame);
      if (message.kind !== "event") continue;
      if (first === 0) first = message.sequence;
      else if (message.sequence !== last + 1) first = -1;
      last = message.sequence;
    }
    const [only] = frames;
    const bytes = frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
    return { bytes, first, last };
  }
}

type Kind = { readonly encoding: Encoding; readonly audience: Audience; readonly threadId: string };

function encodeMessage(message: BusMessage, kind: Kind): Buffer | null {
  switch (message.kind) {
    case "event":
      return encodeEventLine(message.line, message.sequence, kind);
    case "transient":
      if (kind.audience !== "all") return null;
      return encodeText(message.frame.type, transientText(message.frame, kind.threadId), kind);
    case "cancel_requested":
    case "imported":
    case "row":
      return null;
    default: {
      const { type, text } = noticeOf(message, kind.threadId, kind.audience === "metadata");
      return encodeText(type, text, kind);
    }
  }
}

/** A durable line as a frame, with its position where the encoding has a place for it. */
export function encodeEventLine(
  line: Buffer,
  sequence: number,
  { encoding, audience }: Pick<Kind, "encoding" | "audience">,
): Buffer | null {
  const shown = audience === "metadata" ? metadataLine(line) : line;
  if (shown === null) return null;
  if (encoding === "websocket") return textFrame(shown);
  // Who sees no content gets no checksum of it either.
  const position = positionOf(sequence, audience === "metadata" ? 0 : crc32(line));
  return sseFrame(typeOfLine(line), shown, position);
}

/** Any other frame. */
export function encodeText(
  type: string,
  text: string | Buffer,
  { encoding }: Pick<Kind, "encoding">,
): Buffer {
  return encoding === "websocket" ? textFrame(text) : sseFrame(type, text, null);
}

/** A transient frame as watchers get it. */
export function transientText(frame: TransientOutput, threadId: string): string {
  const { type, runId, rolloutId, sequenceNumber, occurredAt, payload, cut } = frame;
  return JSON.stringify({
    type,
    threadId,
    runId,
    rolloutId,
    sequenceNumber,
    ...(occurredAt === null ? {} : { occurredAt }),
    ...(cut ? { cut } : {}),
    payload,
  });
}
