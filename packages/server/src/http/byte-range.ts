/**
 * `Range` and the conditions of a download, as RFC 9110 has them (REST11): one range of bytes, also
 * from the end; several ranges or other units are ignored, which the RFC allows. Pure.
 */
import { DomainError } from "@spool/protocol/errors";
import type { ByteRange } from "../store/thread-store.ts";

/** The range lies beyond the end: 416, with the size that there is. */
export class UnsatisfiableRange extends DomainError {
  readonly size: number;

  constructor(size: number) {
    super("INVALID_REQUEST", `The range is not in the ${size} bytes that there are.`, {
      details: { bytes: size },
    });
    this.size = size;
  }
}

/**
 * The part of `size` bytes that `header` asks for; null for all of them. Throws UnsatisfiableRange
 * when nothing of it is there.
 */
export function byteRangeOf(header: string | undefined, size: number): ByteRange | null {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    if (length === 0) throw new UnsatisfiableRange(size);
    return { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null;
  if (start >= size) throw new UnsatisfiableRange(size);
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Whether `If-None-Match` names `etag`; compared weakly, as the RFC wants it there. */
export function isNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((entry) => entry.trim().replace(/^W\//, "") === etag);
}
