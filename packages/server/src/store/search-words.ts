/**
 * Which words a text holds, and which ones a search asks for: letters and digits, folded so that
 * case, accents and forms of width make no difference. Scripts written without spaces are taken as
 * single characters and pairs of neighbours. Pure; every store searches by it, so that all find
 * the same (FIND1, FIND3).
 */

/** A word in its folded form, and where it stands: offsets in UTF-16 units, end excluded. */
export type WordAt = { readonly word: string; readonly start: number; readonly end: number };

/** What a search asks for; a `prefix` is the last word, which may go on (FIND2). */
export type SearchTerm = { readonly word: string; readonly isPrefix: boolean };

/** UTF-16 units of a word that count; what is longer is equal as far as this. */
const wordUnitsMax = 64;
/** A beginning shorter than this is a whole word: nearly every text would hold it. */
const prefixUnitsMin = 2;

const unspaced = String.raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー`;
const runs = new RegExp(`([${unspaced}]+)|[[\\p{L}\\p{N}\\p{M}]--[${unspaced}]]+`, "gv");
const plainWord = /^[a-z0-9]+$/i;
const marks = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]/g;
const noWord = /[^\p{L}\p{N}\p{M}]/gu;

/** Every word of a text in order, single characters and pairs included. */
export function* wordsIn(text: string): Generator<WordAt> {
  for (const { run, isUnspaced, start } of runsIn(text)) {
    if (isUnspaced) yield* [...charactersOf(run, start), ...pairsOf(run, start)];
    else {
      const word = folded(run);
      if (word !== "") yield { word, start, end: start + run.length };
    }
  }
}

/** What `text` asks for, each word once; empty where it holds no letter and no digit. */
export function searchTerms(text: string): SearchTerm[] {
  const terms = new Map<string, SearchTerm>();
  const found = [...runsIn(text.toWellFormed())];
  for (const [at, { run, isUnspaced, start }] of found.entries()) {
    const pairs = isUnspaced ? pairsOf(run, start) : [];
    const words = isUnspaced
      ? (pairs.length > 0 ? pairs : charactersOf(run, start)).map(({ word }) => word)
      : [folded(run)];
    for (const word of words) {
      const isLast = !isUnspaced && at === found.length - 1;
      const isPrefix = isLast && word.length >= prefixUnitsMin && word.length < wordUnitsMax;
      // Asked for as a whole already, it does not go on.
      if (word !== "" && !terms.has(word)) terms.set(word, { word, isPrefix });
    }
  }
  return [...terms.values()];
}

/** Whether a word of a text is one that a term asks for. */
export function answers({ word }: Pick<WordAt, "word">, term: SearchTerm): boolean {
  return term.isPrefix ? word.startsWith(term.word) : word === term.word;
}

function* runsIn(text: string) {
  for (const match of text.matchAll(runs)) {
    yield { run: match[0], isUnspaced: match[1] !== undefined, start: match.index };
  }
}

function folded(run: string): string {
  if (plainWord.test(run)) return run.toLowerCase().slice(0, wordUnitsMax);
  // Twice: taking letters apart may bring forth capitals and marks.
  const apart = run.toLowerCase().normalize("NFKD").toLowerCase();
  const plain = apart.replace(marks, "").replaceAll("ς", "σ").normalize("NFKC");
  return plain.replace(noWord, "").slice(0, wordUnitsMax).toWellFormed();
}

function charactersOf(run: string, start: number): WordAt[] {
  const characters: WordAt[] = [];
  let at = start;
  for (const character of run) {
    const end = at + character.length;
    const word = folded(character);
    if (word !== "") characters.push({ word, start: at, end });
    at = end;
  }
  return characters;
}

function pairsOf(run: string, start: number): WordAt[] {
  const characters = charactersOf(run, start);
  return characters.slice(1).map((second, at) => {
    const first = characters[at] as WordAt;
    return { word: first.word + second.word, start: first.start, end: second.end };
  });
}
