/**
 * Line 1 of an import: the thread as the other server had it, and its rollouts. What is taken over
 * is checked as if a person had sent it; org and owner become the caller's (MOVE3). Pure.
 */
import { isUtf8 } from "node:buffer";
import { unprintable } from "@spool/protocol/json";
import {
  derivedTitleCharactersMax,
  importPartsMax,
  metadataBytesMax,
  titleCharactersMax,
} from "@spool/protocol/limits";
import type { Thread } from "@spool/protocol/resources";
import { timeProblem } from "@spool/protocol/stored-event";
import { ExportHeader } from "@spool/protocol/thread-export";
import { type Problem, validatorOf } from "@spool/protocol/validator";
import type { ThreadCreated } from "../store/changes.ts";
import { badLine, type ImportLine } from "./import-lines.ts";

const checkHeader = validatorOf(ExportHeader);
const namesMax = 256;

/** The header in a line. Throws INVALID_REQUEST with `details.line` 1 (MOVE5). */
export function parseImportHeader({ bytes }: ImportLine): ExportHeader {
  const value = parsedLine({ number: 1, bytes });
  const problem =
    checkHeader(value) ??
    threadProblem((value as ExportHeader).thread) ??
    rolloutsProblem(value as ExportHeader);
  if (problem !== null) throw badLine(1, problem);
  return value as ExportHeader;
}

/** A line as JSON. Throws INVALID_REQUEST when it is none, or not UTF-8. */
export function parsedLine({ number, bytes }: ImportLine): unknown {
  if (!isUtf8(bytes)) throw badLine(number, { path: "", problem: "is not UTF-8" });
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own words quote the line, which may hold anything.
    throw badLine(number, { path: "", problem: "is not JSON" });
  }
}

/** How the thread begins here, before its events; title and archive state come behind it. */
export function importedCreation(
  { thread, rollouts }: ExportHeader,
  ownerUserId: string,
): ThreadCreated {
  return {
    kind: "thread_created",
    ownerUserId,
    rolloutId: rollouts[0]?.rolloutId as string,
    agentId: thread.agentId,
    title: thread.titleSource === "user" ? thread.title : null,
    executionMode: thread.executionMode,
    metadata: thread.metadata,
    parentThreadId: thread.parentThreadId,
    parentToolCallId: thread.parentToolCallId,
    createdAt: Date.parse(thread.createdAt),
  };
}

function threadProblem(thread: Thread): Problem | null {
  const at = (path: string, problem: string | null) =>
    problem === null ? null : { path: `/thread${path}`, problem };
  return (
    at("/title", titleProblem(thread)) ??
    at("/agentId", nameProblem(thread.agentId)) ??
    at("/parentToolCallId", nameProblem(thread.parentToolCallId)) ??
    at("/metadata", metadataProblem(thread.metadata)) ??
    timeProblem("/thread/createdAt", thread.createdAt) ??
    at("/archivedAt", archiveProblem(thread)) ??
    (thread.archivedAt === null ? null : timeProblem("/thread/archivedAt", thread.archivedAt)) ??
    at("/eventCount", thread.eventCount === thread.sequence ? null : "is not the sequence")
  );
}

function titleProblem({ title, titleSource }: Thread): string | null {
  if (title === null) return titleSource === null ? null : "is null and has a source";
  const max = titleSource === "message" ? derivedTitleCharactersMax : titleCharactersMax;
  if (titleSource === null) return "has no source";
  if (title === "" || [...title].length > max) return `must have 1 to ${max} characters`;
  return textProblem(title);
}

function nameProblem(name: string | null): string | null {
  if (name === null) return null;
  return [...name].length > namesMax ? `has more than ${namesMax} characters` : textProblem(name);
}

/** Every store must keep a text as it came; lone surrogates and NUL are no text to some. */
function textProblem(text: string): string | null {
  if (!text.isWellFormed()) return "holds half of a surrogate pair";
  return text.includes("\0") ? "holds a NUL character" : null;
}

function metadataProblem(metadata: Thread["metadata"]): string | null {
  const lost = unprintable(metadata);
  if (lost !== null) return lost;
  const isLarge = Buffer.byteLength(JSON.stringify(metadata)) > metadataBytesMax;
  return isLarge ? `is larger than ${metadataBytesMax} bytes as JSON` : null;
}

function archiveProblem({ archived, archivedAt }: Thread): string | null {
  return archived === (archivedAt !== null) ? null : "does not go with archived";
}

function rolloutsProblem({ thread, rollouts }: ExportHeader): Problem | null {
  if (rollouts.length > importPartsMax) {
    return { path: "/rollouts", problem: `has more than ${importPartsMax} rollouts` };
  }
  const ids = new Set<string>();
  for (const [index, rollout] of rollouts.entries()) {
    const path = `/rollouts/${index}`;
    if (rollout.index !== index) return { path: `${path}/index`, problem: "is not its place" };
    if (rollout.threadId !== thread.id) {
      return { path: `${path}/threadId`, problem: "is not the thread's id" };
    }
    if (ids.has(rollout.rolloutId)) {
      return { path: `${path}/rolloutId`, problem: "is there twice" };
    }
    ids.add(rollout.rolloutId);
  }
  const active = rollouts.at(-1)?.rolloutId;
  if (active === thread.activeRolloutId) return null;
  return { path: "/thread/activeRolloutId", problem: "is not the last rollout" };
}
