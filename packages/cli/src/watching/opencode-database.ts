/**
 * OpenCode's sessions, which lie in one SQLite database and change in place. Read only, opened anew
 * each time. A session is given as the lines its adapter takes, up to the message that is still
 * being written: what is given once stays as it is, and more comes behind it (SRC3). Used by
 * `opencode-sessions.ts` and `followed-session.ts`.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

/** A session as far as it is settled; times are Unix milliseconds. */
export type OpencodeSession = {
  readonly id: string;
  readonly updatedMs: number;
  /** Of its messages and their parts. */
  readonly bytes: number;
};

/** Messages read at once, with their parts. */
const messagesAtOnce = 16;

type Row = Record<string, string | number | bigint | null>;

const newest = "select id from session order by time_updated desc limit ?";
const last = `select id, data from message where session_id = ?
  order by time_created desc, id desc limit 1`;
const figures = `select max(time_updated) as updated, sum(octet_length(data)) as bytes from
  (select time_updated, data from message where session_id = :session and id <> :unsettled
  union all
  select time_updated, data from part where session_id = :session and message_id <> :unsettled)`;
const settled = `select id from message where session_id = :session and id <> :unsettled
  order by time_created, id`;

/** The sessions that changed last, at most `count`. Throws what SQLite says. */
export function opencodeSessions(database: string, count: number): OpencodeSession[] {
  return reading(database, (db) => {
    const ids = db.prepare(newest).all(count);
    return ids.map(({ id }) => sessionOf(db, String(id)));
  });
}

/** One session. Throws what SQLite says. */
export function opencodeSession(database: string, id: string): OpencodeSession {
  return reading(database, (db) => sessionOf(db, id));
}

/**
 * One line for the session, then one for each message that is settled, a few read at a time.
 * Throws what SQLite says.
 */
export function* opencodeLines(database: string, session: string): Generator<Buffer> {
  const { head, ids } = reading(database, (db) => {
    const [row] = db.prepare("select * from session where id = ?").all(session) as Row[];
    const rows = db.prepare(settled).all({ session, unsettled: unsettledOf(db, session) });
    return { head: row, ids: rows.map(({ id }) => String(id)) };
  });
  if (head === undefined) return;
  yield lineOf({ info: infoOf(head) });
  for (let from = 0; from < ids.length; from += messagesAtOnce) {
    const some = ids.slice(from, from + messagesAtOnce);
    yield* reading(database, (db) => some.flatMap((id) => messageLines(db, session, id)));
  }
}

/** A message's line; none where it was taken back meanwhile. */
function messageLines(db: DatabaseSync, session: string, id: string): Buffer[] {
  const row = db.prepare("select data from message where id = ?").get(id);
  if (row === undefined) return [];
  const parts = db.prepare("select id, data from part where message_id = ? order by id").all(id);
  const own = parts.map((part) => {
    return { ...fieldsOf(part.data), id: part.id, sessionID: session, messageID: id };
  });
  return [lineOf({ info: { ...fieldsOf(row.data), id, sessionID: session }, parts: own })];
}

function lineOf(record: object): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** A row's own fields; of a damaged one its text. */
function fieldsOf(data: unknown): object {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === "object" && value !== null ? value : { data: value };
  } catch {
    // Only this row is lost to readers: its text is kept.
    return { data: String(data) };
  }
}

function sessionOf(db: DatabaseSync, id: string): OpencodeSession {
  const unsettled = unsettledOf(db, id);
  const { updated, bytes } = db.prepare(figures).get({ session: id, unsettled }) as Row;
  return { id, updatedMs: Number(updated ?? 0), bytes: Number(bytes ?? 0) };
}

/** The message that may still change; empty where there is none. */
function unsettledOf(db: DatabaseSync, session: string): string {
  const row = db.prepare(last).get(session);
  return row === undefined || isOver(fieldsOf(row.data)) ? "" : String(row.id);
}

/** The session as `opencode export` prints it, without what changes at every message. */
function infoOf(row: Row): object {
  return {
    id: row.id,
    slug: row.slug,
    projectID: row.project_id,
    directory: row.directory,
    ...(row.parent_id === null ? {} : { parentID: row.parent_id }),
    title: row.title,
    version: row.version,
    time: { created: row.time_created },
  };
}

/** The last message: a prompt is whole once an answer has begun, an answer once it says so. */
function isOver(info: { role?: unknown; time?: { completed?: unknown }; error?: unknown }) {
  return info.role === "assistant" && (info.time?.completed != null || info.error != null);
}

function reading<T>(path: string, read: (db: DatabaseSync) => T): T {
  const url = pathToFileURL(path);
  // Without its log nobody has it open: nothing is written, not even a file to wait with.
  if (!existsSync(`${path}-wal`)) url.search = "immutable=1";
  const db = new DatabaseSync(url, { readOnly: true, timeout: 1_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
