/**
 * Text of a terminal as coloured pieces (WEB25). Pure. Colours become one of eight names, so that
 * every one can be read on either ground; what moves the cursor, sets titles or links is left out,
 * and a line that was written over shows its last state.
 */
import Anser from "anser";

/** A stretch of text in one style; `colour` null is the text's own. */
export type TerminalPiece = {
  readonly text: string;
  readonly colour: TerminalColour | null;
  readonly isBold: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
};

/** The colours that are told apart. */
export type TerminalColour = (typeof colours)[number];

const colours = ["grey", "red", "green", "yellow", "blue", "magenta", "cyan"] as const;

const otherEscapes = new RegExp(
  [
    // OSC, DCS and their like, with their text.
    /(?:\x1b[\]PX^_]|\x9d|\x90)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/,
    // CSI, but for colours.
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-ln-~]|$)/,
    // Escapes of two bytes or so.
    /\x1b[ -/]*[0-Z\\-~]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[[0-9;:]*m)/g;
const colourEscapes = /\x1b\[[0-9;:]*m/g;

/** The text's pieces, in order; joined they are `plainText` of it. */
export function terminalPieces(text: string): TerminalPiece[] {
  const clean = cleaned(text);
  if (!clean.includes("\x1b")) return clean === "" ? [] : [plain(clean)];
  return Anser.ansiToJson(clean, { use_classes: true, remove_empty: true }).map((entry) => ({
    text: entry.content,
    colour: colourOf(entry.fg, entry.fg_truecolor),
    isBold: entry.decorations.includes("bold"),
    isItalic: entry.decorations.includes("italic"),
    isUnderlined: entry.decorations.includes("underline"),
  }));
}

/** The text without any escapes and control characters. */
export function plainText(text: string): string {
  return cleaned(text).replace(colourEscapes, "");
}

function plain(text: string): TerminalPiece {
  return { text, colour: null, isBold: false, isItalic: false, isUnderlined: false };
}

function cleaned(text: string): string {
  const isPlain = !/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(text);
  return isPlain ? text : overwritten(text.replace(otherEscapes, "")).replace(controls, "");
}

/** What stands behind the last carriage return of each line. */
function overwritten(text: string): string {
  if (!text.includes("\r")) return text;
  const lines = text.replace(/\r+\n/g, "\n").replace(/\r+$/, "").split("\n");
  return lines.map((line) => line.slice(line.lastIndexOf("\r") + 1)).join("\n");
}

function colourOf(name: string | null, trueColour: string | null): TerminalColour | null {
  if (!name) return null;
  if (name === "ansi-truecolor") return trueColour === null ? null : nearest(numbersIn(trueColour));
  const index = /^ansi-palette-(\d+)$/.exec(name)?.[1];
  if (index !== undefined) return nearest(paletteColour(Number(index)));
  if (name === "ansi-bright-black") return "grey";
  const plainName = name.replace(/^ansi-(?:bright-)?/, "");
  return colours.find((colour) => colour === plainName) ?? null;
}

function numbersIn(text: string): number[] {
  return text.split(",").map(Number);
}

/** Red, green and blue of one of the 256 colours from 16 on. */
function paletteColour(index: number): number[] {
  if (index >= 232) return Array.from({ length: 3 }, () => 8 + (index - 232) * 10);
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level);
}

/** The name nearest in hue; null for black, white and greys that are the text's own. */
function nearest([red = 0, green = 0, blue = 0]: number[]): TerminalColour | null {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 40) return most > 60 && most < 180 ? "grey" : null;
  const has = (part: number) => part > most - spread / 2;
  const parts = [has(red), has(green), has(blue)].map(Number).join("");
  const names = new Map<string, TerminalColour>([
    ["100", "red"],
    ["110", "yellow"],
    ["010", "green"],
    ["011", "cyan"],
    ["001", "blue"],
    ["101", "magenta"],
  ]);
  return names.get(parts) ?? null;
}
