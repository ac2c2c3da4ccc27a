/**
 * Remembers which of the open run's messages, thoughts and searches were said in which way, so
 * that the second way of saying the same thing is known as a twin and the same thing said twice is
 * not. Matched by text, in order, within one run.
 */
import { remember } from "../json-values.ts";
import { digestOf } from "../source-ids.ts";

/** The ways: a response item, or an event (of the legacy or of the paginated history). */
export type Way = "item" | "event";

/** One thing said, and the ways in which it was. */
export type Twin = { readonly role: string; readonly digest: string; readonly ways: Way[] };

const twinsMax = 400;

/**
 * Whether the thing was already said in another way and not yet in this one. The way is noted
 * then; otherwise the thing is added as new, unless `add` is false.
 */
export function isTwin(
  twins: Twin[],
  { role, text, way }: { role: string; text: string; way: Way },
  add = true,
): boolean {
  const digest = digestOf(text.trim(), 12);
  const twin = twins.find(
    (known) => known.role === role && known.digest === digest && !known.ways.includes(way),
  );
  if (twin !== undefined) {
    twin.ways.push(way);
    return true;
  }
  if (add) remember(twins, { role, digest, ways: [way] }, twinsMax);
  return false;
}

/**
 * Whether an item says what the event next to it says, and may be taken for it: items also hold
 * what events leave out (citations, labels of images).
 */
export function saysAsMuch(item: string, event: string): boolean {
  const [whole, part] = [item.trim(), event.trim()];
  return part === "" ? whole === "" : whole.includes(part);
}
