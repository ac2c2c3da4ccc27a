/** Snippets: short, as the text stands, with offsets that hit what was asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../testing/seeded-random.ts";
import { excerptOf } from "./search-snippet.ts";
import { searchTerms } from "./search-words.ts";

const marked = (text: string, q: string) => {
  const { text: piece, ranges } = excerptOf(text, searchTerms(q));
  return ranges.map(([start, end]) => piece.slice(start, end));
};

test("FIND5 ranges hit every word asked for, and overlapping ones are one", () => {
  assert.deepEqual(marked("The Ärger with deployments", "arger dep"), ["Ärger", "deployments"]);
  assert.deepEqual(marked("使用日本語のテキスト", "日本語"), ["日本語"]);
  assert.deepEqual(marked("日本、日本", "日本"), ["日本", "日本"]);
  assert.deepEqual(marked("nothing here", "else"), []);
});

test("FIND5 a snippet is a piece of the text around the first hit", () => {
  const random = new SeededRandom(9);
  for (let round = 0; round < 200; round += 1) {
    const filler = () => random.pick(["word ", "😀", "日", "x"]).repeat(random.below(200));
    const text = `${filler()} Needle ${filler()} needles ${filler()}`;
    const { text: piece, ranges } = excerptOf(text, searchTerms("needle"));
    assert.ok(text.includes(piece) && piece.length <= 240 && piece.isWellFormed());
    assert.equal(piece.slice(ranges[0]?.[0], ranges[0]?.[1]), "Needle");
    assert.ok(ranges.every(([start = 0, end = 0]) => start < end && end <= piece.length));
  }
});
