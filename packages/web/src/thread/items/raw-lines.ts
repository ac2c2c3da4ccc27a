/**
 * Events as they are stored, byte for byte (WEB29): the answer's text is cut, never parsed and
 * printed again.
 */
import { eventLinesOf } from "@spool/client/event-lines";
import type { SpoolClient } from "@spool/client/spool-client";
import { threadPath } from "@spool/client/thread-routes";

/** The lines of these events of a thread, in order. Throws SpoolError when one cannot be read. */
export function readRawLines(
  { http }: Pick<SpoolClient, "http">,
  { threadId, sequences }: { readonly threadId: string; readonly sequences: readonly number[] },
  signal: AbortSignal,
): Promise<string[]> {
  const path = `${threadPath(threadId)}/events`;
  const read = async (sequence: number) => {
    const response = await http.send({ path, query: { after: sequence - 1, limit: 1 }, signal });
    const [line] = linesOfAnswer(await response.text());
    return line ?? "";
  };
  return Promise.all(sequences.map(read));
}

/** The event lines in the text of a history answer. */
export function linesOfAnswer(text: string): string[] {
  const start = /^\s*\{\s*"data"\s*:\s*/.exec(text)?.[0].length ?? 0;
  return eventLinesOf(text.slice(start));
}
