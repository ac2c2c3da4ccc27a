/** A thread's metadata in one line, for people who may see no more of it. Pure. */

/** Of a value so much is shown, in UTF-16 units, and so much of all. */
const valueMax = 40;
const wordsMax = 160;

/** `key: value, key: value`, cut; what is not text stands as JSON. */
export function metadataWords(metadata: { readonly [name: string]: unknown }): string {
  let words = "";
  for (const [key, value] of Object.entries(metadata)) {
    if (words.length > wordsMax) break;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    words += `${words === "" ? "" : ", "}${cut(key)}: ${cut(text)}`;
  }
  return words.length > wordsMax ? `${words.slice(0, wordsMax)}…` : words;
}

function cut(text: string): string {
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text;
}
