/**
 * How many columns a text takes on a terminal, and cutting it to a number of them. Expects text
 * without control characters. Used for tables and one-line summaries.
 */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const ascii = /^[\x20-\x7e]*$/;
/** East Asian wide and fullwidth blocks, and whatever is shown as an emoji. */
const wide = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff" +
    "\\ufe30-\\ufe4f\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]" +
    "|\\p{Emoji_Presentation}|\\ufe0f",
  "u",
);
const mark = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Columns of `text`. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** The text in at most `columns` columns; one that is cut ends with `…`. */
export function fitWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let fitted = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += segmentWidth(segment);
    if (width > columns - 1) break;
    fitted += segment;
  }
  return columns > 0 ? `${fitted}…` : "";
}

/** The text filled up with spaces to `columns` columns. */
export function padWidth(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

function segmentWidth(segment: string): number {
  if (mark.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}
