/**
 * A thread's title and metadata as a session file has them → what the server is told. What a person
 * changed on the server is left alone. Pure; used by `published-thread.ts`.
 *
 * In the metadata, `spool` holds what was published: which part of the file, since the numbers of
 * its frames depend on it, and the file's title, to tell it from one that a person set.
 */
import type { ThreadHeader } from "@spool/adapters/frame";
import type { CreateThread, UpdateThread } from "@spool/protocol/requests";
import type { Thread } from "@spool/protocol/resources";

/** How much of a session is published. */
export type PublishedPart = "everything" | "messages";

type Metadata = { readonly [name: string]: unknown };

/** Characters of a title, and bytes of metadata, that the server takes (THR3, REST8). */
const titleCharactersMax = 200;
const metadataBytesMax = 16 * 1024;

/** The body that makes the thread. */
export function threadCreation(header: ThreadHeader, part: PublishedPart): CreateThread {
  const { threadId: id, agentId, executionMode, parentThreadId, parentToolCallId } = header;
  const title = titleOf(header);
  return {
    id,
    agentId,
    executionMode,
    metadata: metadataOf(header, part),
    ...(title === undefined ? {} : { title }),
    ...(parentThreadId === undefined ? {} : { parentThreadId }),
    ...(parentToolCallId === undefined ? {} : { parentToolCallId }),
  };
}

/** What to change on the thread now that the whole file is known; null when nothing is. */
export function threadChanges(
  thread: Thread,
  header: ThreadHeader,
  part: PublishedPart,
): UpdateThread | null {
  const published = spoolOf(thread);
  const metadata = { ...thread.metadata, ...metadataOf(header, part) };
  const title = titleOf(header);
  const isOurs = thread.titleSource !== "user" || thread.title === published?.title;
  const retitled = title !== undefined && title !== thread.title && isOurs;
  const changes = {
    ...(retitled ? { title } : {}),
    ...(sameJson(metadata, thread.metadata) ? {} : { metadata: withinLimit(metadata) }),
  };
  return Object.keys(changes).length === 0 ? null : changes;
}

/** Which part of its file was published into the thread before; null when that is not known. */
export function publishedPart(thread: Thread): PublishedPart | null {
  const part = spoolOf(thread)?.published;
  return part === "everything" || part === "messages" ? part : null;
}

function titleOf({ title }: ThreadHeader): string | undefined {
  const line = [...(title ?? "").replace(/\s+/g, " ").trim()].slice(0, titleCharactersMax).join("");
  return line === "" ? undefined : line;
}

function metadataOf(header: ThreadHeader, part: PublishedPart): Metadata {
  const title = titleOf(header);
  const spool = { published: part, ...(title === undefined ? {} : { title }) };
  return withinLimit({ ...header.metadata, spool });
}

function spoolOf(thread: Thread): Metadata | undefined {
  const { spool } = thread.metadata;
  return typeof spool === "object" && spool !== null ? (spool as Metadata) : undefined;
}

/** Leaves out the largest fields until the rest fits; `spool` stays. */
function withinLimit(metadata: Metadata): Metadata {
  const kept = { ...metadata };
  const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? "");
  const names = Object.keys(kept).filter((name) => name !== "spool");
  names.sort((a, b) => bytesOf(kept[b]) - bytesOf(kept[a]));
  for (const name of names) {
    if (bytesOf(kept) <= metadataBytesMax) break;
    delete (kept as Record<string, unknown>)[name];
  }
  return kept;
}

/** Equal as JSON, whatever the order of their fields. */
function sameJson(a: Metadata, b: Metadata): boolean {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return entries.map(([name, field]) => [name, sorted(field)]);
  };
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}
