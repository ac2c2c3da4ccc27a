/**
 * The tables of the view, `spool.db`: derived from journal and files, made again when missing,
 * damaged or behind (LOG6). Opened for writing by one worker, for reading by the store.
 */
import { DatabaseSync } from "node:sqlite";

/** Of the tables; another number means that the view is made again. */
export const viewVersion = 2;

const tables = `
  create table agent_threads (
    org_id text not null, thread_id text not null, owner_user_id text not null,
    agent_id text, title text, title_source text, execution_mode text, metadata text not null,
    archived_at integer, parent_thread_id text, parent_tool_call_id text,
    created_at integer not null, updated_at integer not null,
    meta_version integer not null, sequence integer not null, crc integer not null,
    active_rollout_id text not null, active_run_id text, lapsed_run_id text,
    compaction text,
    status text not null, deleted_at integer, deleted_by_user_id text,
    primary key (org_id, thread_id));
  create index threads_of_owner on agent_threads
    (org_id, owner_user_id, updated_at desc, thread_id desc)
    where deleted_at is null and archived_at is null;
  create index threads_of_owner_archived_too on agent_threads
    (org_id, owner_user_id, updated_at desc, thread_id desc) where deleted_at is null;
  create index threads_of_org on agent_threads
    (org_id, updated_at desc, thread_id desc) where deleted_at is null;
  create index threads_of_agent on agent_threads
    (org_id, agent_id, updated_at desc, thread_id desc)
    where deleted_at is null and agent_id is not null;
  create index threads_of_parent on agent_threads
    (org_id, parent_thread_id, updated_at desc, thread_id desc)
    where deleted_at is null and parent_thread_id is not null;
  create index threads_at_work on agent_threads
    (status, org_id, updated_at desc, thread_id desc)
    where deleted_at is null and status <> 'idle';
  create table thread_rollouts (
    org_id text not null, thread_id text not null, rollout_index integer not null,
    rollout_id text not null, started_at integer not null, completed_at integer,
    first_sequence integer not null, last_sequence integer not null, bytes integer not null,
    primary key (org_id, thread_id, rollout_index)) without rowid;
  create table thread_runs (
    org_id text not null, thread_id text not null, run_id text not null,
    status text not null, reason text, started_at integer not null, completed_at integer,
    run_sequence integer not null, first_sequence integer not null,
    last_sequence integer not null, lease_seconds integer not null, renewed_at integer not null,
    ended_by text,
    metadata text not null,
    primary key (org_id, thread_id, run_id)) without rowid;
  create index runs_by_start on thread_runs (org_id, thread_id, first_sequence desc);
  create table thread_messages (
    org_id text not null, thread_id text not null, sequence integer not null,
    message_id text not null,
    primary key (org_id, thread_id, sequence)) without rowid;
  create table checkpoint (id integer primary key check (id = 1), batch integer not null);
  insert into checkpoint values (1, 0);
  pragma user_version = ${viewVersion};
`;

/**
 * Opens the view for writing, making its tables when there are none. Deleted content is
 * overwritten, not only unlinked (DEL6). Throws when the file is no sound view of this version.
 */
export function openViewForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma secure_delete = on");
  // Checkpoints of the write-ahead log are the store's to order, not a commit's to suffer.
  db.exec("pragma wal_autocheckpoint = 4000; pragma busy_timeout = 10000");
  const version = versionOf(db);
  if (version === 0) db.exec(`begin; ${tables} commit;`);
  else if (version !== viewVersion) throw new Error(`the view has version ${version}`);
  return db;
}

/** Opens the view for reading. It must exist. */
export function openViewForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec("pragma busy_timeout = 10000; pragma mmap_size = 268435456");
  return db;
}

/** Whether SQLite said that the file is not what it wrote. */
export function isViewDamage(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  const [corrupt, notADatabase] = [11, 26];
  const primary = (errcode ?? 0) & 0xff;
  return primary === corrupt || primary === notADatabase;
}

/** Whether a file holds the tables at all; an empty one does not. It must exist. */
export function hasTables(file: string): boolean {
  const db = new DatabaseSync(file);
  try {
    return versionOf(db) !== 0;
  } finally {
    db.close();
  }
}

function versionOf(db: DatabaseSync): number {
  const row = db.prepare("pragma user_version").get() as { user_version: number };
  return row.user_version;
}

/** The last batch whose changes the view holds. */
export function viewBatch(db: DatabaseSync): number {
  const row = db.prepare("select batch from checkpoint").get() as { batch: number };
  return row.batch;
}
