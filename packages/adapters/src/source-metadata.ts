/**
 * Where a thread comes from, as its metadata says it under `source`: the same fields for every
 * format. Used by every adapter for its thread headers.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { FormatId } from "./frame.ts";
import { present } from "./json-values.ts";

/**
 * Counts up whenever the same file would give other frames than before: frames of two versions do
 * not share their numbers (PUB3), so a thread is published on only by the version that began it.
 */
export const adapterVersion = 1;

/** Characters of a text in the metadata, which as a whole is small (REST8). */
const metadataTextMax = 300;

/** A source in its own words; whatever is not there is left out. */
export type SourceWords = {
  readonly format: FormatId;
  /** The agent's version, or the file format's where the agent says only that. */
  readonly formatVersion?: unknown;
  readonly sessionId: unknown;
  readonly cwd?: unknown;
  readonly gitBranch?: unknown;
};

/** The `source` field of a thread's metadata. */
export function sourceMetadata({ format, ...words }: SourceWords): { source: JsonObject } {
  const texts = Object.entries(words).map(([name, word]) => [name, shortText(word)]);
  return { source: { format, ...present(Object.fromEntries(texts)), adapterVersion } };
}

/** A value as a text short enough for metadata; null where there is none. */
export function shortText(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, metadataTextMax);
}
