/**
 * Codex's patch format: `*** Begin Patch`, then files to add, delete or update with the lines around
 * each change. Pure; an unfinished patch gives what there is of it. Used by `file-changes.ts`.
 */
import type { ChangeLine, FileChange } from "./file-changes.ts";

const fileHeader = /^\*\*\* (Add|Update|Delete) File: (.+)$/;
const moveHeader = /^\*\*\* Move to: (.+)$/;
const actions = new Map<string, FileChange["action"]>([
  ["Add", "add"],
  ["Update", "update"],
  ["Delete", "delete"],
]);

/** The patch's files, in order; null for a text that is no such patch. */
export function codexPatch(text: string): FileChange[] | null {
  if (!/^\s*\*\*\* Begin Patch[ \t]*\r?$/m.test(text.slice(0, 200))) return null;
  const changes: {
    path: string;
    movedTo: string | null;
    action: FileChange["action"];
    lines: ChangeLine[];
  }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const header = fileHeader.exec(line);
    const change = changes.at(-1);
    if (line.startsWith("*** End Patch")) break;
    if (header !== null) {
      const action = actions.get(header[1] ?? "") ?? "update";
      changes.push({ path: (header[2] ?? "").trim(), movedTo: null, action, lines: [] });
    } else if (change !== undefined) {
      const moved = moveHeader.exec(line);
      if (moved !== null) change.movedTo = (moved[1] ?? "").trim();
      else change.lines.push(...lineOf(line));
    }
  }
  return changes.length === 0 ? null : changes.map(tidied);
}

function lineOf(line: string): ChangeLine[] {
  const text = line.slice(1);
  if (line.startsWith("+")) return [{ kind: "added", text }];
  if (line.startsWith("-")) return [{ kind: "removed", text }];
  if (line.startsWith("@@")) return [{ kind: "gap", text: line.slice(2).trim() }];
  return line.startsWith("***") ? [] : [{ kind: "same", text: line.startsWith(" ") ? text : line }];
}

/** Without the gap at the beginning that says nothing. */
function tidied<T extends { readonly lines: readonly ChangeLine[] }>(change: T): T {
  const [first, ...rest] = change.lines;
  return first?.kind === "gap" && first.text === "" ? { ...change, lines: rest } : change;
}
