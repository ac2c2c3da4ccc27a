/**
 * Writes the search index: documents and how far each thread is indexed, in one transaction, so
 * that a crash leaves it where it was and it is never ahead of itself. Runs inside the index's
 * worker.
 */
import type { DatabaseSync } from "node:sqlite";
import { decodeEvent } from "../event-line.ts";
import { searchedText } from "../search-text.ts";
import type { ThreadKey } from "../thread-key.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { documentsPerThread, scopeName, threadNumberMax } from "./search-schema.ts";
import { documentTokens } from "./search-tokens.ts";

/** What of a thread is to be indexed: its title as it is now, and events that were not yet. */
export type SearchUpdate = {
  readonly key: ThreadKey;
  readonly ownerUserId: string;
  readonly title: string | null;
  readonly titleSource: "user" | "message" | null;
  readonly metaVersion: number;
  /** The event up to which the thread is indexed then, and the CRC-32 of its line. */
  readonly sequence: number;
  readonly crc: number;
  /** Lines of events, each with its newline. */
  readonly lines: Uint8Array;
};

type ThreadEntry = { readonly number: number; readonly scope: number };
type Document = { readonly document: number; readonly type: string; readonly text: string };
type Title = { readonly type: string; readonly text: string };

/** Documents read at a time while a thread is erased. */
const erasedAtOnce = 200;
/** More documents than this are erased by writing the whole index once more, which is quicker. */
const erasedOneByOneMax = 300;
/** Pages of the index written in one step of merging: some 50 ms of work. */
const mergedPages = 200;

/** Writes through one connection, which stays its owner's to close. */
export class SearchWriter {
  readonly #db: DatabaseSync;
  readonly #statements: PreparedStatements;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new PreparedStatements(db);
  }

  /** Indexes updates of different threads. All or nothing. */
  write(updates: readonly SearchUpdate[]): void {
    this.#transaction(() => {
      const numbered = updates.map((update) => ({ update, ...this.#thread(update) }));
      // The index takes documents in ascending order best.
      numbered.sort((a, b) => a.number - b.number);
      for (const { update, number, scope } of numbered) this.#write(update, { number, scope });
    });
  }

  /** Erases a thread: nothing of it is left in the file once `checkpoint` was called (DEL6). */
  erase({ orgId, threadId }: ThreadKey): void {
    const find = "select number, scope from search_threads where org_id = ? and thread_id = ?";
    const row = this.#statements.of(find).get(orgId, threadId) as ThreadEntry | undefined;
    if (row === undefined) return;
    const isLong = this.#documents(row.number, erasedOneByOneMax + 1).length > erasedOneByOneMax;
    const setting = this.#statements.of(
      "insert into search_words (search_words, rank) values (?, ?)",
    );
    this.#transaction(() => {
      // Without it words are only marked as gone; writing the index anew then leaves them out.
      if (isLong) setting.run("secure-delete", 0n);
      for (let some = this.#documents(row.number, erasedAtOnce); some.length > 0; ) {
        for (const one of some) this.#remove(one, row.scope, orgId);
        some = this.#documents(row.number, erasedAtOnce);
      }
      this.#statements.of("delete from search_threads where number = ?").run(row.number);
      if (!isLong) return;
      this.#statements.of("insert into search_words (search_words) values ('optimize')").run();
      setting.run("secure-delete", 1n);
    });
  }

  /** Merges some of what transactions wrote apart; false where there is nothing left to merge. */
  merge(): boolean {
    const changes = this.#statements.of("select total_changes() as total");
    const before = changes.get()?.total as number;
    const sql = "insert into search_words (search_words, rank) values ('merge', ?)";
    this.#statements.of(sql).run(mergedPages);
    // One is the statement itself.
    return (changes.get()?.total as number) - before > 1;
  }

  /** Puts everything on stable storage, and nothing erased stays in the log (DEL6). */
  checkpoint(): void {
    const result = this.#db.prepare("pragma wal_checkpoint(truncate)").get();
    if (result?.busy !== 0) throw new Error("the search index is in use: its log was not emptied");
  }

  #write(update: SearchUpdate, { number, scope }: ThreadEntry): void {
    const { key, title, titleSource, lines } = update;
    this.#setTitle(key.orgId, { number, scope }, titleOf(title, titleSource));
    for (const line of linesOf(lines)) {
      const { event } = decodeEvent(line);
      const text = searchedText(event.type, event.payload);
      if (text === null || event.sequence >= documentsPerThread) continue;
      const document = number * documentsPerThread + event.sequence;
      this.#add({ document, type: event.type, text }, [scope]);
    }
    const { sequence, crc, metaVersion } = update;
    const sql =
      "update search_threads set sequence = ?, crc = ?, meta_version = ? where number = ?";
    this.#statements.of(sql).run(sequence, crc, metaVersion, number);
  }

  #setTitle(orgId: string, { number, scope }: ThreadEntry, title: Title | null): void {
    const document = number * documentsPerThread;
    const old = this.#statements
      .of("select document, type, text from search_texts where document = ?")
      .get(document) as Document | undefined;
    if (old?.type === title?.type && old?.text === title?.text) return;
    if (old !== undefined) this.#remove(old, scope, orgId);
    if (title !== null) this.#add({ document, ...title }, this.#scopesOf(title, scope, orgId));
  }

  #add({ document, type, text }: Document, scopes: readonly number[]): void {
    this.#statements.of("insert into search_texts values (?, ?, ?)").run(document, type, text);
    const sql = "insert into search_words (rowid, words) values (?, ?)";
    this.#statements.of(sql).run(BigInt(document), documentTokens(text, scopes));
  }

  #remove(one: Document, scope: number, orgId: string): void {
    const tokens = documentTokens(one.text, this.#scopesOf(one, scope, orgId));
    const sql = "insert into search_words (search_words, rowid, words) values ('delete', ?, ?)";
    this.#statements.of(sql).run(BigInt(one.document), tokens);
    this.#statements.of("delete from search_texts where document = ?").run(one.document);
  }

  #documents(number: number, limit: number): Document[] {
    const from = number * documentsPerThread;
    const sql = `select document, type, text from search_texts
      where document between ? and ? order by document limit ?`;
    return this.#statements.of(sql).all(from, from + documentsPerThread - 1, limit) as Document[];
  }

  #thread({ key, ownerUserId }: SearchUpdate): ThreadEntry {
    const { orgId, threadId } = key;
    const find = "select number, scope from search_threads where org_id = ? and thread_id = ?";
    const known = this.#statements.of(find).get(orgId, threadId) as ThreadEntry | undefined;
    if (known !== undefined) return known;
    const scope = this.#scope(scopeName(orgId, ownerUserId));
    const sql = `insert into search_threads (org_id, thread_id, scope, sequence, crc, meta_version)
      values (?, ?, ?, 0, 0, 0)`;
    const number = Number(this.#statements.of(sql).run(orgId, threadId, scope).lastInsertRowid);
    if (number > threadNumberMax) throw new Error("the search index has no numbers left");
    return { number, scope };
  }

  #scopesOf({ type }: Title, scope: number, orgId: string): number[] {
    return type === "title" ? [scope, this.#scope(scopeName(orgId, null))] : [scope];
  }

  #scope(name: string): number {
    const find = this.#statements.of("select scope from search_scopes where name = ?");
    const known = find.get(name) as { scope: number } | undefined;
    if (known !== undefined) return known.scope;
    const { lastInsertRowid } = this.#statements
      .of("insert into search_scopes (name) values (?)")
      .run(name);
    return Number(lastInsertRowid);
  }

  #transaction(work: () => void): void {
    this.#db.exec("begin immediate");
    try {
      work();
      this.#db.exec("commit");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw error;
    }
  }
}

/** As a document; a title that a person set is found by the whole org's admins as well (FIND4). */
function titleOf(title: string | null, source: SearchUpdate["titleSource"]): Title | null {
  if (title === null) return null;
  const text = title.toWellFormed().replaceAll("\0", " ");
  return { type: source === "user" ? "title" : "message_title", text };
}

function* linesOf(bytes: Uint8Array): Generator<Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; ) {
    const newline = buffer.indexOf(0x0a, at);
    yield buffer.subarray(at, newline);
    at = newline + 1;
  }
}
