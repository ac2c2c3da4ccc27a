/**
 * Reads of the search index: which threads hold a term, whether one does, and which text shows it.
 * Synchronous and short, each bounded by what its caller asks for. All throw what SQLite throws;
 * `search-index.ts` knows what it means.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SearchTerm } from "../search-words.ts";
import type { ThreadKey } from "../thread-key.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { documentsPerThread, scopeName } from "./search-schema.ts";
import { anyOf, beginningOf, tokenOf } from "./search-tokens.ts";

/** How far a thread is indexed; `crc` is of the line of the event at `sequence`. */
export type IndexedThread = {
  readonly sequence: number;
  readonly crc: number;
  readonly metaVersion: number;
};

/** A text that was found; `sequence` 0 is the title. */
export type FoundText = { readonly sequence: number; readonly type: string; readonly text: string };

/** Words a longer beginning stands for; those behind them are not looked for. */
const continuationsMax = 200;

type Row = Record<string, unknown>;
type Pairs = [string, number][];

/** The index through one connection, which stays its owner's to close. */
export class SearchReader {
  readonly #statements: PreparedStatements;

  constructor(db: DatabaseSync) {
    this.#statements = new PreparedStatements(db);
  }

  /** How far a thread is indexed; null for one that is not. */
  indexed({ orgId, threadId }: ThreadKey): IndexedThread | null {
    const sql = `select sequence, crc, meta_version as metaVersion from search_threads
      where org_id = ? and thread_id = ?`;
    return (this.#statements.of(sql).get(orgId, threadId) as IndexedThread | undefined) ?? null;
  }

  /** The numbers of an org's threads by their ids; those not in the index are left out. */
  numbersOf(orgId: string, threadIds: readonly string[]): Map<string, number> {
    const sql = `select s.thread_id, s.number from json_each(?) as asked
      cross join search_threads as s on s.org_id = ? and s.thread_id = asked.value`;
    return new Map(this.#arrays(sql).all(JSON.stringify(threadIds), orgId) as unknown as Pairs);
  }

  /** The ids of one org's threads and their numbers; those that are gone are left out. */
  threadsOf(numbers: readonly number[]): Map<string, number> {
    const sql = `select s.thread_id, s.number from json_each(?) as asked
      cross join search_threads as s on s.number = asked.value`;
    return new Map(this.#arrays(sql).all(JSON.stringify(numbers)) as unknown as Pairs);
  }

  /**
   * What the index is asked for a term, among the words of one owner, or, with null, of titles
   * that people set in the whole org. Null when no text holds it.
   */
  expression(term: SearchTerm, orgId: string, ownerUserId: string | null): string | null {
    const row = this.#statements
      .of("select scope from search_scopes where name = ?")
      .get(scopeName(orgId, ownerUserId));
    if (row === undefined) return null;
    const scope = row.scope as number;
    const token = tokenOf(term, scope);
    if (token !== null) return anyOf([token]);
    const tokens = this.#continuations(beginningOf(term, scope));
    return tokens.length === 0 ? null : anyOf(tokens);
  }

  /** Documents that hold it, of the threads `first` to `last`, ascending; at most `limit`. */
  documents(expression: string, of: { first: number; last: number }, limit: number): number[] {
    const sql =
      "select rowid from search_words where search_words match ? and rowid between ? and ?";
    const { from } = rangeOf(of.first);
    const { to } = rangeOf(of.last);
    const rows = this.#arrays(`${sql} limit ?`).all(expression, from, to, limit);
    return (rows as unknown as [number][]).map(([document]) => document);
  }

  /** The last document of the thread with this number that holds it; null when none does. */
  lastDocument(expression: string, number: number): number | null {
    const { from, to } = rangeOf(number);
    const sql = `select rowid as document from search_words
      where search_words match ? and rowid between ? and ? order by rowid desc limit 1`;
    const row = this.#statements.of(sql).get(expression, from, to) as Row | undefined;
    return row === undefined ? null : (row.document as number);
  }

  /** The text of a document; null once it is gone. */
  text(document: number): FoundText | null {
    const sql = "select type, text from search_texts where document = ?";
    const row = this.#statements.of(sql).get(document);
    if (row === undefined) return null;
    const sequence = document % documentsPerThread;
    return { sequence, type: row.type as string, text: row.text as string };
  }

  /** Tokens in the index that go on from this one, itself included, in their order. */
  #continuations(beginning: string): string[] {
    const next = this.#statements.of("select term from search_terms where term >= ? limit 1");
    const tokens: string[] = [];
    for (let from = beginning; tokens.length < continuationsMax; ) {
      const term = next.get(from)?.term as string | undefined;
      if (term === undefined || !term.startsWith(beginning)) break;
      tokens.push(term);
      // The lowest text behind it: the index goes there without reading on through this word.
      from = `${term}\u0001`;
    }
    return tokens;
  }

  #arrays(sql: string): StatementSync {
    const statement = this.#statements.of(sql);
    statement.setReturnArrays(true);
    return statement;
  }
}

/** A thread's document numbers; as BigInt, because the index ignores bounds that are none. */
function rangeOf(number: number): { from: bigint; to: bigint } {
  const from = BigInt(number) * BigInt(documentsPerThread);
  return { from, to: from + BigInt(documentsPerThread - 1) };
}
