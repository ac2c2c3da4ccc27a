/** Proves that sentences looked for by a pattern are those of all that it matches. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sentencesOf } from "./message-sentences.ts";

const pattern = /\b(must|because|so that|do not)\b/i;

test("ROL16 a sentence is found whatever stands between and around its words", () => {
  const text =
    "First we looked.\n> - It holds so \t that  nothing is lost.\nDo\nnot mind this one.";
  assert.deepEqual(sentencesOf(text, pattern), ["It holds so that nothing is lost."]);
  assert.equal(sentencesOf(text).length, 3);
});

test("ROL16 a pattern leaves the sentences it matches, and no other", () => {
  const pieces = ["must", "Because", "so", "that", "do", "not", "U.S.", "3.5", "keep", "だから。"];
  const marks = [".", "!", "?", "\n", " \n ", "\t", "- ", "```", "*", "x".repeat(70)];
  const text = fc
    .array(fc.constantFrom(...pieces, ...marks), { maxLength: 120 })
    .chain((words) => fc.constantFrom(words.join(" "), words.join("")));
  const property = fc.property(text, (one) => {
    const all = sentencesOf(one).filter((sentence) => pattern.test(sentence));
    assert.deepEqual(sentencesOf(one, pattern), all);
  });
  fc.assert(property, { seed: 16, numRuns: 1_000 });
});
