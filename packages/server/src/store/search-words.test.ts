/** Words: folding, scripts without spaces, beginnings, and that nothing in a search is syntax. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../testing/seeded-random.ts";
import { searchTerms, wordsIn } from "./search-words.ts";

const words = (text: string) => Array.from(wordsIn(text), ({ word }) => word);
const asked = (text: string) =>
  searchTerms(text).map(({ word, isPrefix }) => (isPrefix ? `${word}*` : word));

test("FIND3 case, accents and width make no difference", () => {
  assert.deepEqual(words("Ärger ÀÉ naïve ΟΔΟΣ ｗｉｄｅ ﬁn İstanbul"), [
    ...["arger", "ae", "naive", "οδοσ", "wide", "fin", "istanbul"],
  ]);
  assert.deepEqual(words("a\u0308rger"), words("ärger"));
  assert.deepEqual(words("snake_case, foo.bar(1)-x/y"), [
    ...["snake", "case", "foo", "bar", "1", "x", "y"],
  ]);
  assert.deepEqual(words("हिन्दी"), ["हिन्दी"], "marks of other scripts are letters");
});

test("FIND3 scripts without spaces are characters and pairs of neighbours", () => {
  assert.deepEqual(words("日本語"), ["日", "本", "語", "日本", "本語"]);
  assert.deepEqual(words("用spool存"), ["用", "spool", "存"]);
  assert.deepEqual(asked("日本語"), ["日本", "本語"]);
  assert.deepEqual(asked("語"), ["語"]);
  assert.deepEqual(asked("학교 deploy"), ["학교", "deploy*"]);
  assert.deepEqual(words("ｶﾅ"), words("カナ"));
});

test("FIND2 the last word is a beginning from two characters on", () => {
  assert.deepEqual(asked("Deploy the Serv"), ["deploy", "the", "serv*"]);
  assert.deepEqual(asked("plan b"), ["plan", "b"]);
  assert.deepEqual(asked("word word"), ["word"]);
  assert.deepEqual(asked("x".repeat(80)), ["x".repeat(64)]);
});

test("FIND3 FIND8 quotes and operators are no words", () => {
  assert.deepEqual(asked(`"deploy" AND (NOT server*) {near}:^`), [
    ...["deploy", "and", "not", "server", "near*"],
  ]);
  for (const none of ["", " ", "***", `"'()`, "👍 …", "\0", "\ud800"]) {
    assert.deepEqual(asked(none), [], JSON.stringify(none));
  }
});

test("FIND3 words stand where they say, and hold nothing but letters and digits", () => {
  const random = new SeededRandom(3);
  const pieces = [
    "a",
    "Ä",
    "日",
    "한",
    " ",
    "_",
    '"',
    "\ud800",
    "😀",
    "½",
    "ﬃ",
    "İ",
    "é",
    "9",
    "ー",
  ];
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("");
    for (const { word, start, end } of wordsIn(text)) {
      assert.match(word, /^[\p{L}\p{N}\p{M}]+$/u);
      assert.ok(start < end && end <= text.length);
      assert.ok(words(text.slice(start, end)).includes(word), JSON.stringify(text));
    }
  }
});
