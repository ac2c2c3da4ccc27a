/**
 * Ids that follow from the source alone: thread, run and message ids in the protocol's shapes.
 * The same source text always gives the same id; two different ones never share one.
 */
import { hash } from "node:crypto";

const plainId = /^[A-Za-z0-9_-]{1,64}$/;
/** Characters of an id inside a payload (PUB22). */
const payloadIdCharactersMax = 256;

/** The first `length` characters of the text's SHA-256 in base64url (6 bits each). */
export function digestOf(text: string, length = 22): string {
  return hash("sha256", text, "base64url").slice(0, length);
}

/** `thr_` and the source's own id, made fit for an id where it is not. */
export function threadIdOf(sourceId: string): string {
  return `thr_${plain(sourceId)}`;
}

/** `run_` and the source's own id of the turn, made fit for an id where it is not. */
export function runIdOf(turnId: string): string {
  return `run_${plain(turnId)}`;
}

/** An id or a name as a payload may hold it: as it is, or cut and told apart by a digest. */
export function payloadId(text: string): string {
  if (text.length <= payloadIdCharactersMax) return text;
  return `${text.slice(0, 200)}~${digestOf(text)}`;
}

function plain(sourceId: string): string {
  if (plainId.test(sourceId)) return sourceId;
  const readable = sourceId.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40);
  return `${readable}-${digestOf(sourceId)}`;
}
