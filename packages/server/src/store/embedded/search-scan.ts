/**
 * Finds threads that the search index is behind on, or holds though they are gone, by comparing it
 * with the tables. Runs in the index's worker, a piece at a time, after each start: so neither a
 * crash nor an older data directory leaves the index behind for good (FIND7).
 */
import type { DatabaseSync } from "node:sqlite";
import type { ThreadKey } from "../thread-key.ts";
import { openViewForReading } from "./view-schema.ts";

/** Where the comparison goes on: first through the tables, then through the index. */
export type ScanPlace =
  | { readonly of: "tables"; readonly after: ThreadKey }
  | { readonly of: "index"; readonly after: number };

/** Threads to look at, and where to go on; null at the end. */
export type ScanPiece = { readonly keys: readonly ThreadKey[]; readonly next: ScanPlace | null };

/** Where it begins. */
export const scanStart: ScanPlace = { of: "tables", after: { orgId: "", threadId: "" } };

const pieceThreads = 2_000;

type Stand = {
  org_id: string;
  thread_id: string;
  sequence: number;
  crc: number;
  meta_version: number;
};

/** One piece of the comparison, with the tables in `viewFile`. */
export function scanPiece(index: DatabaseSync, viewFile: string, place: ScanPlace): ScanPiece {
  const view = openViewForReading(viewFile);
  try {
    return place.of === "tables"
      ? scanTables(index, view, place.after)
      : scanIndex(index, view, place.after);
  } finally {
    view.close();
  }
}

function scanTables(index: DatabaseSync, view: DatabaseSync, after: ThreadKey): ScanPiece {
  const rows = view
    .prepare(
      `select org_id, thread_id, sequence, crc, meta_version, deleted_at from agent_threads
       where (org_id, thread_id) > (?, ?) order by org_id, thread_id limit ?`,
    )
    .all(after.orgId, after.threadId, pieceThreads) as (Stand & { deleted_at: number | null })[];
  const known = index.prepare(
    "select sequence, crc, meta_version from search_threads where org_id = ? and thread_id = ?",
  );
  const behind = rows.filter((row) => {
    const stand = known.get(row.org_id, row.thread_id) as Stand | undefined;
    if (row.deleted_at !== null) return stand !== undefined;
    if (stand?.sequence !== row.sequence || stand.crc !== row.crc) return true;
    return stand.meta_version !== row.meta_version;
  });
  const last = rows.at(-1);
  const isMore = last !== undefined && rows.length === pieceThreads;
  const next: ScanPlace = isMore ? { of: "tables", after: keyOf(last) } : { of: "index", after: 0 };
  return { keys: behind.map(keyOf), next };
}

function scanIndex(index: DatabaseSync, view: DatabaseSync, after: number): ScanPiece {
  const rows = index
    .prepare(
      `select number, org_id, thread_id from search_threads
       where number > ? order by number limit ?`,
    )
    .all(after, pieceThreads) as (Stand & { number: number })[];
  const known = view.prepare("select 1 from agent_threads where org_id = ? and thread_id = ?");
  const unknown = rows.filter((row) => known.get(row.org_id, row.thread_id) === undefined);
  const last = rows.at(-1);
  const isMore = last !== undefined && rows.length === pieceThreads;
  const next: ScanPlace | null = isMore ? { of: "index", after: last.number } : null;
  return { keys: unknown.map(keyOf), next };
}

function keyOf(row: Pick<Stand, "org_id" | "thread_id">): ThreadKey {
  return { orgId: row.org_id, threadId: row.thread_id };
}
