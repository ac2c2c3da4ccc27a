/**
 * Cuts the body of an import into lines as it comes in, so that memory holds one line and one chunk
 * of it, whatever its size. Words what is wrong with a line, for all files of the import (MOVE5).
 */
import { DomainError } from "@spool/protocol/errors";
import { importBytesMax, importLineBytesMax } from "@spool/protocol/limits";
import type { Problem } from "@spool/protocol/validator";

/** A line without its newline, and its number from 1 on. */
export type ImportLine = { readonly number: number; readonly bytes: Buffer };

const newline = 0x0a;

/** The lines of a body, the last with or without a newline. Throws BODY_TOO_LARGE (MOVE2). */
export async function* importLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<ImportLine> {
  let number = 1;
  let total = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > importBytesMax) throw bodyTooLarge();
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const end = chunk.subarray(from, at);
      if (restBytes + end.length > importLineBytesMax) throw lineTooLarge(number);
      const bytes = rest.length === 0 ? end : Buffer.concat([...rest, end], restBytes + end.length);
      yield { number, bytes };
      number += 1;
      from = at + 1;
      rest = [];
      restBytes = 0;
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    restBytes += chunk.length - from;
    if (restBytes > importLineBytesMax) throw lineTooLarge(number);
  }
  if (restBytes > 0) yield { number, bytes: Buffer.concat(rest, restBytes) };
}

/** A line is not what it must be: 400 with its number (MOVE5). */
export function badLine(line: number, { path, problem }: Problem): DomainError {
  const where = path === "" ? "it" : path;
  return new DomainError(
    "INVALID_REQUEST",
    `Line ${line}: ${where} ${problem}. Nothing was imported; export the thread again.`,
    { details: { line, path, problem } },
  );
}

/** A body that says it is larger than an import may be, or is (MOVE2). */
export function bodyTooLarge(): DomainError {
  return new DomainError(
    "BODY_TOO_LARGE",
    `An import is at most ${importBytesMax} bytes. Nothing was imported.`,
    { details: { bytesMax: importBytesMax } },
  );
}

function lineTooLarge(line: number): DomainError {
  return new DomainError(
    "BODY_TOO_LARGE",
    `Line ${line} is longer than ${importLineBytesMax} bytes. Nothing was imported.`,
    { details: { line, bytesMax: importLineBytesMax } },
  );
}
