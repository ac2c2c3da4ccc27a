/** A message or a tool call while it is being written. */
import type { Writing } from "./in-flight-text.ts";

/** Looks like the item that will take its place. */
export function WritingView({ writing }: { readonly writing: Writing }) {
  return (
    <article className="item" data-kind={writing.kind} data-writing="true" aria-busy="true">
      <pre>{writing.kind === "message" ? writing.text : writing.output}</pre>
    </article>
  );
}
