/**
 * Makes text from elsewhere safe to print on a terminal: a thread's content must not move the
 * cursor, change colours or titles, or hide what is really there. Everything that is printed and
 * not made by the command itself passes here, except what goes to a file or a pipe as JSON.
 */

/** C0 and C1 but for newline and tab, DEL, and the marks that reorder text. */
const unsafe = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const names: Readonly<Record<string, string>> = { "\r": "\\r", "\0": "\\0" };

/** The text with every control character spelled out; newlines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    if (names[character] !== undefined) return names[character];
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same on one line: newlines, tabs and runs of spaces become one space. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").trim();
}
