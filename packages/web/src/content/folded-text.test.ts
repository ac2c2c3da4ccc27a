/** Folding long text (WEB22, WEB25). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { foldedText, linesIn, tailOf, textPieces } from "./folded-text.ts";

const limits = { headLines: 3, tailLines: 2, units: 1_000 };
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}\n`).join("");

test("WEB25 a long text is its first and its last lines", () => {
  assert.equal(foldedText(numbered(10), limits), null);
  const folded = foldedText(numbered(100), limits);
  assert.deepEqual([folded?.head, folded?.tail, folded?.lines], ["0\n1\n2\n", "98\n99\n", 100]);
  assert.equal(`${folded?.head}${folded?.middle}${folded?.tail}`, numbered(100));
});

test("WEB22 a line of 5 MB is folded by its size", () => {
  const folded = foldedText("x".repeat(5_000_000), limits);
  assert.deepEqual([folded?.head.length, folded?.tail.length, folded?.lines], [500, 500, 1]);
  assert.equal(folded?.middle.length, 4_999_000);
});

test("WEB22 no character is cut in two", () => {
  for (const before of ["", "x"]) {
    const text = before + "😀".repeat(2_000);
    const folded = foldedText(text, limits);
    for (const part of [folded?.head, folded?.tail, tailOf(text, 5, 101)])
      assert.equal(part?.isWellFormed(), true);
    for (const piece of textPieces(text, 33)) assert.equal(piece.isWellFormed(), true);
  }
});

test("WEB22 pieces joined are the text, lone surrogates and single units included", () => {
  for (const text of [numbered(500), "x".repeat(1_000), "\ud83d".repeat(50), "😀😀", "\n\n\n"])
    for (const units of [1, 7, 100]) assert.equal(textPieces(text, units).join(""), text);
});

test("WEB25 lines and tails", () => {
  assert.deepEqual(["", "a", "a\n", "a\nb", "\n\n"].map(linesIn), [0, 1, 1, 2, 2]);
  assert.equal(tailOf("a\nb\nc\n", 2, 100), "b\nc\n");
  assert.equal(tailOf("a\nb", 5, 100), "a\nb");
  assert.equal(tailOf("abcdef", 5, 3), "def");
  assert.equal(foldedText(numbered(100), { ...limits, tailLines: 0 })?.tail, "");
});
