/**
 * How far a watcher is in a thread's history. Decides for each frame text whether it is new, known
 * or beyond a hole, and where a new connection has to go on. Pure but for its own state; used by
 * `watchThread`.
 */
import type { DownFrame, Snapshot, TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import { eventLinesOf } from "./event-lines.ts";
import { positionOf, sequenceOf } from "./position.ts";

/** What the server says beside events: renamed, archived, deleted, resync required. */
export type Notice = Exclude<DownFrame, Snapshot | Event | TransientFrame>;

/** A frame and its text as received. */
export type Received =
  | {
      readonly kind: "snapshot";
      readonly frame: Snapshot;
      readonly text: string;
      /** The stored lines of `frame.events`, in the same order; cut out of the text when called. */
      readonly lines: () => string[];
    }
  | { readonly kind: "event"; readonly frame: Event; readonly text: string }
  | { readonly kind: "transient"; readonly frame: TransientFrame; readonly text: string }
  | { readonly kind: "notice"; readonly frame: Notice; readonly text: string };

/** `known` was there before; `hole` means that events in between are missing. */
export type Taken = Received | { readonly kind: "known" } | { readonly kind: "hole" };

/** The state of one watched thread across its connections. */
export class WatchProgress {
  #sequence: number | null;
  /** Given by the caller or the server; null when it follows from `#line`. */
  #position: string | null;
  #line = "";
  #metadataOnly = false;

  /** `after` is where the caller already is: a sequence, a position, or null for the beginning. */
  constructor(after: string | number | null) {
    this.#sequence = after === null ? null : sequenceOf(after);
    this.#position = after === null ? null : String(after);
  }

  /** The last sequence the caller has; null before the first snapshot. */
  get sequence(): number | null {
    return this.#sequence;
  }

  /** True when only some events are shown, so that sequences have gaps (LIVE10). */
  get metadataOnly(): boolean {
    return this.#metadataOnly;
  }

  /** What a new connection passes as `after`; null to begin with a full snapshot. */
  get after(): string | null {
    if (this.#sequence === null) return null;
    if (this.#position !== null) return this.#position;
    // A shortened line has another checksum than the stored one.
    if (this.#metadataOnly) return String(this.#sequence);
    return positionOf(this.#sequence, this.#line);
  }

  /**
   * Reads a frame's text and moves on with it, unless it is known or beyond a hole. `parsed` is the
   * frame, where somebody parsed the text before.
   */
  take(text: string, parsed: unknown = JSON.parse(text)): Taken {
    const frame = parsed as DownFrame & { sequence?: number; sequenceNumber?: number };
    if (frame.type === "snapshot") return this.#takeSnapshot(frame as Snapshot, text);
    if (typeof frame.sequence === "number") return this.#takeEvent(frame as Event, text);
    if (typeof frame.sequenceNumber === "number") {
      return { kind: "transient", frame: frame as TransientFrame, text };
    }
    return { kind: "notice", frame: frame as Notice, text };
  }

  #takeSnapshot(frame: Snapshot, text: string): Taken {
    this.#metadataOnly = frame.access === "metadata";
    const last = frame.resumed ? (this.#sequence ?? 0) : 0;
    const events = frame.events.filter((event) => event.sequence > last);
    const first = events[0]?.sequence ?? last + 1;
    if (frame.resumed && !this.#metadataOnly && first !== last + 1) return { kind: "hole" };
    this.#sequence = frame.sequence;
    this.#position = frame.position;
    const known = frame.events.length - events.length;
    const lines = () => eventLinesOf(text).slice(known);
    return { kind: "snapshot", frame: { ...frame, events }, text, lines };
  }

  #takeEvent(frame: Event, text: string): Taken {
    const last = this.#sequence ?? 0;
    if (frame.sequence <= last) return { kind: "known" };
    if (frame.sequence !== last + 1 && !this.#metadataOnly) return { kind: "hole" };
    this.#sequence = frame.sequence;
    this.#position = null;
    this.#line = text;
    return { kind: "event", frame, text };
  }
}
