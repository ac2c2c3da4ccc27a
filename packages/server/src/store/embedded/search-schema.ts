/**
 * The search index, `search.db`: words of titles and messages, derived from tables and files and
 * made again when missing or damaged. Written by one worker, read by the store.
 *
 * A document is a title or one event's text. Its number is its thread's, shifted, plus the event's
 * sequence (0: the title), so that a thread's documents are neighbours and a word is looked for in
 * one thread by a range. What transactions wrote is not merged by later ones but in idle time, so that
 * neither many texts at once are slowed down by it nor searches afterwards.
 */
import { DatabaseSync } from "node:sqlite";

/** Of the tables and of how words are made; another number means that the index is made again. */
export const searchVersion = 2;

/** Document numbers a thread has; events behind them are not searched. */
export const documentsPerThread = 2 ** 26;
/** Threads that can be numbered: document numbers stay exact in JavaScript. */
export const threadNumberMax = 2 ** 27 - 2;

const tables = `
  create table search_scopes (scope integer primary key, name text not null unique);
  create table search_threads (
    number integer primary key autoincrement, org_id text not null, thread_id text not null,
    scope integer not null, sequence integer not null, crc integer not null,
    meta_version integer not null,
    unique (org_id, thread_id));
  create table search_texts (document integer primary key, type text not null, text text not null);
  create virtual table search_words using fts5 (
    words, content = '', tokenize = 'ascii', detail = column, columnsize = 0);
  create virtual table search_terms using fts5vocab (search_words, instance);
  insert into search_words (search_words, rank) values
    ('secure-delete', 1), ('hashsize', 8388608), ('automerge', 0), ('usermerge', 2);
  pragma user_version = ${searchVersion};
`;

/** Opens the index for writing, making its tables when there are none. Throws on another version. */
export function openSearchForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec("pragma busy_timeout = 10000; pragma journal_mode = wal; pragma synchronous = normal");
    // Deleted content is overwritten, not only unlinked (DEL6).
    db.exec("pragma secure_delete = on; pragma wal_autocheckpoint = 4000");
    const { user_version: version } = db.prepare("pragma user_version").get() as {
      user_version: number;
    };
    if (version === 0) db.exec(`begin; ${tables} commit;`);
    else if (version !== searchVersion) throw new Error(`it has version ${version}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the index for reading. It must exist. */
export function openSearchForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec("pragma busy_timeout = 10000; pragma mmap_size = 268435456");
  return db;
}

/** The name of the words of one owner, or of titles that people set in the whole org. */
export function scopeName(orgId: string, ownerUserId: string | null): string {
  return JSON.stringify([orgId, ownerUserId]);
}
