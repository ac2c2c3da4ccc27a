/**
 * The part of a text that shows why it was found, with offsets of what was asked for instead of
 * marks in it, so that nobody has to trust markup (FIND5). Pure.
 */
import { answers, type SearchTerm, wordsIn } from "./search-words.ts";

/** A piece of a text; `ranges` are [start, end) in UTF-16 units of `text`, ascending, apart. */
export type Excerpt = { readonly text: string; readonly ranges: readonly (readonly number[])[] };

const before = 60;
const unitsMax = 240;

/** The piece around the first word that was asked for; the beginning where there is none. */
export function excerptOf(text: string, terms: readonly SearchTerm[]): Excerpt {
  let start: number | null = null;
  const ranges: [number, number][] = [];
  for (const word of wordsIn(text)) {
    if (start !== null && word.start >= start + unitsMax) break;
    if (!terms.some((term) => answers(word, term))) continue;
    start ??= boundary(text, Math.max(0, word.start - before));
    const last = ranges.at(-1);
    // Pairs of neighbours overlap, and come behind their characters.
    if (last !== undefined && word.start <= last[1]) last[1] = Math.max(last[1], word.end);
    else ranges.push([word.start, word.end]);
  }
  const from = start ?? 0;
  const end = boundary(text, Math.min(text.length, from + unitsMax));
  const inside = ranges.filter((range) => range[0] < end);
  return {
    text: text.slice(from, end),
    ranges: inside.map(([first, behind]) => [first - from, Math.min(behind, end) - from]),
  };
}

/** The place, or the one before it where it would cut a character in two. */
function boundary(text: string, at: number): number {
  const cuts = at > 0 && at < text.length && /[\udc00-\udfff]/.test(text[at] ?? "");
  return cuts ? at - 1 : at;
}
