/** What a search found of a thread, with the found words marked. Text stays text. */
import type { ReactNode } from "react";
import type { Snippet } from "./listed-thread.ts";

/** The snippet's text; ranges that do not fit it are left out. */
export function SnippetText({ snippet }: { readonly snippet: Snippet }) {
  const { text, ranges } = snippet;
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [start = 0, end = 0] of ranges) {
    if (start < at || end <= start || end > text.length) continue;
    parts.push(text.slice(at, start), <mark key={start}>{text.slice(start, end)}</mark>);
    at = end;
  }
  parts.push(text.slice(at));
  return <bdi className="snippet">{parts}</bdi>;
}
