/**
 * How words stand in the full-text index. Each word carries whom it belongs to, so that one
 * owner's search reads that owner's words alone; short beginnings are words of their own, so that
 * what is being typed costs no more than a word. Pure; used by the index's writer and reader.
 *
 *   owner 18, "deploy"  →  bczdeploy  bcyde  bcydep  bcydepl
 *                          ↑↑         ↑↑
 *                          18 in letters a to p, then z: a word, y: a beginning
 */
import { type SearchTerm, wordsIn } from "../search-words.ts";

/** UTF-16 units of the beginnings that are indexed; longer ones are looked up among the words. */
const beginnings = [2, 3, 4] as const;
const beginningMax = 4;

/** The tokens of a text for each scope, as the index takes them: separated by spaces. */
export function documentTokens(text: string, scopes: readonly number[]): string {
  const tokens = new Set<string>();
  for (const { word } of wordsIn(text)) {
    const whole = `z${word}`;
    if (tokens.has(whole)) continue;
    tokens.add(whole);
    for (const units of beginnings) {
      if (word.length >= units) tokens.add(`y${word.slice(0, units).toWellFormed()}`);
    }
  }
  if (tokens.size === 0) return "";
  const all = [...tokens];
  return scopes
    .map((scope) => {
      const prefix = scopePrefix(scope);
      return prefix + all.join(` ${prefix}`);
    })
    .join(" ");
}

/** The one token that a term is; null for a longer beginning, which stands for several. */
export function tokenOf(term: SearchTerm, scope: number): string | null {
  if (!term.isPrefix) return `${scopePrefix(scope)}z${term.word}`;
  if (term.word.length > beginningMax) return null;
  return `${scopePrefix(scope)}y${term.word.toWellFormed()}`;
}

/** Where the tokens begin that go on from a longer beginning. */
export function beginningOf(term: SearchTerm, scope: number): string {
  return `${scopePrefix(scope)}z${term.word}`;
}

/** Any of the tokens, as the index is asked. Tokens hold letters and digits only. */
export function anyOf(tokens: readonly string[]): string {
  return tokens.map((token) => `"${token}"`).join(" OR ");
}

function scopePrefix(scope: number): string {
  return Array.from(
    scope.toString(16),
    (digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)],
  ).join("");
}
