/**
 * A transcript in parts that each fit into one request: split between turns, between events where
 * one turn is too long (ROL19). Made one after the other as they are asked for, so that a thread of
 * any size takes no more memory than a part. Used by `model-summariser.ts`.
 */
import { setImmediate as breathe } from "node:timers/promises";
import type { Event } from "@spool/protocol/resources";
import { headingCharactersMax, isMessage, type TextCaps, textOfEvent } from "./prompt-text.ts";

/** How a transcript is cut into parts. */
export type PartsPlan = {
  readonly events: readonly Event[];
  /** Characters of one part, at most. */
  readonly budget: number;
  readonly caps: TextCaps;
  /** Characters each event takes, at most. */
  readonly sizes: Uint32Array;
  /** Events from the one index up to the other are left out and counted; equal when none are. */
  readonly gap: { readonly from: number; readonly to: number };
};

/** Events after which other work gets its turn. */
const breathEvents = 16;
/** Texts are cut shorter in steps of this factor, until the parts are few enough. */
const trimFactor = 4;
const toolCharactersLeast = 200;

/**
 * Decides how to cut: texts keep as much as lets `partsMax` parts hold everything; when even short
 * ones are too many, the middle of the transcript is left out. Null when there is nothing to read.
 */
export async function planParts(
  events: readonly Event[],
  { budget, partsMax }: { readonly budget: number; readonly partsMax: number },
): Promise<PartsPlan | null> {
  let caps: TextCaps = { message: Math.floor(budget / 2), tool: Math.floor(budget / 16) };
  const full = await sizesOf(events, caps);
  if (!full.some((size) => size > 0)) return null;
  // Two parts in a row hold more than one budget, or the second would have fitted into the first.
  const room = (budget * (partsMax - 1)) / 2;
  let sizes = full;
  while (sum(sizes) > room && caps.tool > toolCharactersLeast) {
    caps = {
      message: Math.max(toolCharactersLeast, Math.floor(caps.message / trimFactor)),
      tool: Math.max(toolCharactersLeast, Math.floor(caps.tool / trimFactor)),
    };
    sizes = full.map((size, index) => Math.min(size, sizeMax(events[index] as Event, caps)));
  }
  const gap = sum(sizes) <= room ? noGap : gapIn(sizes, room);
  return { events, budget, caps, sizes, gap };
}

/** The parts' texts in order. */
export async function* textsOfParts(plan: PartsPlan): AsyncGenerator<string> {
  const { events, budget, caps, sizes, gap } = plan;
  let pieces: string[] = [];
  let length = 0;
  const put = (piece: string) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (let index = 0; index < events.length; index += 1) {
    if (index === gap.from && gap.to > gap.from) {
      put(`[${gap.to - gap.from} events are left out here]\n\n`);
      index = gap.to;
    }
    const event = events[index];
    if (event === undefined) break;
    if (index % breathEvents === breathEvents - 1) await breathe();
    const size = event.type === "user_message" ? turnSize(plan, index) : (sizes[index] as number);
    if (length > 0 && length + size > budget) {
      yield pieces.join("").toWellFormed();
      pieces = [];
      length = 0;
    }
    const text = textOfEvent(event, caps);
    if (text !== "") put(text);
  }
  if (length > 0) yield pieces.join("").toWellFormed();
}

const noGap = { from: 0, to: 0 };

async function sizesOf(events: readonly Event[], caps: TextCaps): Promise<Uint32Array> {
  const sizes = new Uint32Array(events.length);
  for (const [index, event] of events.entries()) {
    if (index % breathEvents === breathEvents - 1) await breathe();
    sizes[index] = textOfEvent(event, caps).length;
  }
  return sizes;
}

/** The most an event takes under `caps`. */
function sizeMax(event: Event, caps: TextCaps): number {
  return headingCharactersMax + (isMessage(event) ? caps.message : caps.tool);
}

/** Characters of the turn that begins at `start`; no further than it matters. */
function turnSize({ events, sizes, budget }: PartsPlan, start: number): number {
  let size = sizes[start] as number;
  for (let index = start + 1; index < events.length && size <= budget; index += 1) {
    if ((events[index] as Event).type === "user_message") break;
    size += sizes[index] as number;
  }
  return size;
}

/** Keeps a fifth of the room for the beginning, where goals are set, and the rest for the end. */
function gapIn(sizes: Uint32Array, room: number): PartsPlan["gap"] {
  let from = 0;
  for (let kept = 0; from < sizes.length; from += 1) {
    kept += sizes[from] as number;
    if (kept > room / 5) break;
  }
  let to = sizes.length;
  for (let kept = 0; to > from; to -= 1) {
    kept += sizes[to - 1] as number;
    if (kept > (room * 4) / 5) break;
  }
  return { from, to };
}

function sum(sizes: Uint32Array): number {
  return sizes.reduce((total, size) => total + size, 0);
}
