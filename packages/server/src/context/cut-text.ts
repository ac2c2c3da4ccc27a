/**
 * Shortens text without splitting a surrogate pair, so that what is left is still text. Pure; for
 * contexts that must fit and for summaries.
 */

/** The text's beginning, at most `max` UTF-16 units, `…` included where something is gone. */
export function cutEnd(text: string, max: number): string {
  if (text.length <= max) return text;
  if (max <= 0) return "";
  return `${withoutHalf(text.slice(0, max - 1))}…`;
}

/** The text without its middle, at most `max` UTF-16 units with a note of how much is gone. */
export function cutMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const note = `\n… ${text.length} characters, the middle left out …\n`;
  const room = max - note.length;
  if (room < note.length) return cutEnd(text, max);
  const head = withoutHalf(text.slice(0, Math.ceil(room / 2)));
  const tail = text.slice(text.length - Math.floor(room / 2));
  return `${head}${note}${isLow(tail.charCodeAt(0)) ? tail.slice(1) : tail}`;
}

/** Without a high surrogate at the end, whose other half was cut off. */
function withoutHalf(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
