/**
 * `thread.json`: what of a thread does not follow from its events, as a fold of the journal,
 * written behind it (LOG19). With the rollout files it is enough to make the tables again. Pure.
 * `checksum` is the CRC-32 of the file as it would be without it.
 */
import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import type { ThreadHead, ThreadRow } from "../rows.ts";

/** The fields of the row that events do not tell, the rollouts in order, or the tombstone. */
export type ThreadJson = Pick<
  ThreadRow,
  | "orgId"
  | "threadId"
  | "ownerUserId"
  | "agentId"
  | "title"
  | "titleSource"
  | "executionMode"
  | "metadata"
  | "archivedAt"
  | "parentThreadId"
  | "parentToolCallId"
  | "createdAt"
  | "metaVersion"
  | "deletedAt"
  | "deletedByUserId"
> & { readonly rollouts: readonly string[] };

/** Prints the file. A tombstone also keeps the sequence, so that its revision stays (DEL4). */
export function encodeThreadJson(row: ThreadRow, rollouts: readonly string[]): Buffer {
  const json: ThreadJson & { sequence?: number } = {
    orgId: row.orgId,
    threadId: row.threadId,
    ownerUserId: row.ownerUserId,
    agentId: row.agentId,
    title: row.title,
    titleSource: row.titleSource,
    executionMode: row.executionMode,
    metadata: row.metadata,
    archivedAt: row.archivedAt,
    parentThreadId: row.parentThreadId,
    parentToolCallId: row.parentToolCallId,
    createdAt: row.createdAt,
    metaVersion: row.metaVersion,
    deletedAt: row.deletedAt,
    deletedByUserId: row.deletedByUserId,
    rollouts: row.deletedAt === null ? rollouts : [row.activeRolloutId],
    ...(row.deletedAt === null ? {} : { sequence: row.sequence }),
  };
  return printed({ ...json, checksum: checksumOf(json) });
}

function printed(json: object): Buffer {
  return Buffer.from(`${JSON.stringify(json, null, 2)}\n`);
}

function checksumOf(json: object): string {
  return crc32(printed(json)).toString(16).padStart(8, "0");
}

/** Reads the file into the head of the thread before its first event. Throws on damage. */
export function decodeThreadJson(bytes: Buffer): { head: ThreadHead; rollouts: string[] } {
  const { checksum, ...json } = JSON.parse(bytes.toString("utf8")) as ThreadJson & {
    sequence?: number;
    checksum: string;
  };
  assert(checksum === checksumOf(json), "thread.json is not what was written");
  assert(typeof json.orgId === "string" && typeof json.threadId === "string", "ids are there");
  assert(Number.isSafeInteger(json.metaVersion) && json.rollouts.length > 0, "rollouts are there");
  const { rollouts, ...fields } = json;
  const rolloutId = rollouts[0] as string;
  const thread: ThreadRow = {
    ...fields,
    updatedAt: json.deletedAt ?? json.createdAt,
    sequence: json.sequence ?? 0,
    crc: 0,
    activeRolloutId: rolloutId,
    activeRunId: null,
    lapsedRunId: null,
    compaction: null,
  };
  const rollout = {
    rolloutId,
    index: 0,
    startedAt: json.createdAt,
    completedAt: null,
    firstSequence: 0,
    lastSequence: 0,
    bytes: 0,
  };
  return { head: { thread, rollout, run: null, lapsed: null }, rollouts: [...rollouts] };
}
