/** Terminal text as pieces (WEB25). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText, terminalPieces } from "./terminal-text.ts";

/** `text|colour` of each piece. */
const told = (text: string) =>
  terminalPieces(text).map((piece) => `${piece.text}|${piece.colour ?? ""}`);

test("WEB25 colours are told apart, of 16, of 256 and true ones", () => {
  assert.deepEqual(told("a\x1b[31mb\x1b[0mc"), ["a|", "b|red", "c|"]);
  assert.deepEqual(told("\x1b[1;92mok\x1b[39m x"), ["ok|green", " x|"]);
  assert.deepEqual(told("\x1b[90mfaint"), ["faint|grey"]);
  assert.deepEqual(told("\x1b[38;5;196mr\x1b[38;5;21mb\x1b[38;5;250mg"), ["r|red", "b|blue", "g|"]);
  assert.deepEqual(told("\x1b[38;2;250;200;0my"), ["y|yellow"]);
  assert.equal(terminalPieces("\x1b[1;3;4mx")[0]?.isBold, true);
  assert.equal(terminalPieces("\x1b[1;3;4mx")[0]?.isUnderlined, true);
});

test("WEB25 titles, links, cursor movements and bells leave no trace", () => {
  const hostile = [
    "\x1b]0;title\x07x",
    "\x1b]8;;https://evil.test\x1b\\x\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[1;1Hx",
    "\x1b[?25lx\x1b[?25h",
    "\x1bPq#0;2;0;0;0\x1b\\x",
    "\x07x\x08",
    "\x9b2Kx",
    "\x1b(Bx",
    "x\x1b",
    "x\x1b[",
    "x\x1b[38;5",
    "x\x1b]0;never ends",
  ];
  for (const text of hostile) {
    assert.equal(plainText(text), "x", JSON.stringify(text));
    assert.deepEqual(told(text), ["x|"], JSON.stringify(text));
  }
});

test("WEB25 a line written over shows its last state, CRLF is a line's end", () => {
  assert.equal(plainText("10%\r50%\r100%\r\ndone\r\n"), "100%\ndone\n");
  assert.equal(plainText("a\tb\nc"), "a\tb\nc");
});

test("WEB25 HTML, surrogates and 5 MB of escapes are text", () => {
  assert.deepEqual(told("<b>&amp;</b>"), ["<b>&amp;</b>|"]);
  assert.deepEqual(told("\x1b[31m<b>&\x1b[0m"), ["<b>&|red"]);
  assert.equal(plainText("\ud800x"), "\ud800x");
  assert.equal(plainText("\x1b[31m".repeat(1_000_000)), "");
  assert.equal(plainText("\x1b]".repeat(1_000_000)), "");
});

test("WEB25 pieces joined are the plain text", () => {
  const parts = [
    "a",
    "\x1b[31m",
    "\x1b[0m",
    "\n",
    "\r",
    "\x1b[2K",
    "\x1b]0;t\x07",
    "é",
    "\x1b",
    "[",
  ];
  let state = 25;
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: 20 }, () => {
      state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
      return parts[Math.floor((state / 4_294_967_296) * parts.length)];
    }).join("");
    const joined = terminalPieces(text)
      .map((piece) => piece.text)
      .join("");
    assert.equal(joined, plainText(text), JSON.stringify(text));
  }
});
