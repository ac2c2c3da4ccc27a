/**
 * `spool search WORDS…`: the caller's threads whose title or messages hold the words, newest
 * activity first, each with the text that shows it (CFG17). With `--json` one thread a line.
 */
import { styleText } from "node:util";
import { walkPages } from "@spool/client/pages";
import type { ListedThread, ThreadSnippet } from "@spool/protocol/resources";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { printableLine } from "../printable-text.ts";
import { relativeTime } from "../relative-time.ts";
import { wholeNumber } from "./threads.ts";

type SearchOptions = { readonly all?: true; readonly archived?: true; readonly limit: number };

/** The most the server gives in one page (REST1). */
const pageMax = 100;

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Find threads by words in titles and messages, newest activity first. All words must " +
        "occur; the last may go on.",
    )
    .argument("<words...>")
    .option("--all", "titles in the whole organisation, for admins")
    .option("--archived", "archived ones too")
    .option("--limit <count>", "at most so many", wholeNumber, 20)
    .action((words: string[], options) => search(context(), words.join(" "), options));
}

async function search(
  context: CommandContext,
  q: string,
  { limit, ...filter }: SearchOptions,
): Promise<void> {
  const { output } = context;
  const query = { ...filter, q, limit: Math.min(limit, pageMax) };
  const { threads } = context.client();
  let found = 0;
  let isPartial = false;
  const all = walkPages(async (cursor) => {
    const page = await threads.list({ ...query, cursor }, { signal: context.interrupted });
    isPartial ||= page.isPartial;
    return page;
  });
  for await (const thread of all) {
    if (context.json) await output.json(thread);
    else await output.print(...linesOf(thread, output.isTerminal));
    found += 1;
    if (found === limit) break;
  }
  if (found === 0 && !context.json) output.note("nothing found");
  if (isPartial) output.note("the server is still filling its search index: there may be more");
}

function linesOf(thread: ListedThread, isTerminal: boolean): string[] {
  const when = isTerminal ? relativeTime(thread.updatedAt, Date.now()) : thread.updatedAt;
  const title = printableLine(thread.title ?? "–");
  const head = `${thread.id}  ${styleText("bold", title)}  ${styleText("dim", when)}`;
  const { snippet } = thread;
  return snippet == null ? [head] : [head, `    ${emphasised(snippet)}`];
}

/** The snippet on one line, what was asked for emphasised. */
function emphasised({ text, ranges }: ThreadSnippet): string {
  let line = "";
  let at = 0;
  for (const [start, end] of ranges) {
    line +=
      spaced(text.slice(at, start)) + styleText(["bold", "yellow"], spaced(text.slice(start, end)));
    at = end;
  }
  return (line + spaced(text.slice(at))).trim();
}

/** Printable, with the spaces at its ends, which words beside it need. */
function spaced(text: string): string {
  const middle = printableLine(text);
  if (middle === "") return text === "" ? "" : " ";
  return (/^\s/.test(text) ? " " : "") + middle + (/\s$/.test(text) ? " " : "");
}
