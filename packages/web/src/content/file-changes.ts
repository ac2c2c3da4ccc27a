/**
 * Changes of files as lines that came, went and stayed (WEB24), from what agents call edits:
 * Codex's patches, unified diffs, a text before and after. Pure. What cannot be understood as a
 * change is null, and then shown as it came.
 */
import { parsePatch, structuredPatch } from "diff";
import { codexPatch } from "./codex-patch.ts";
import { recordOf, textOf } from "./safe-links.ts";

/** A line of a change; `gap` stands for lines between two parts of the file, its text says where. */
export type ChangeLine = {
  readonly kind: "added" | "removed" | "same" | "gap";
  readonly text: string;
};

/** What happens to one file. */
export type FileChange = {
  readonly path: string;
  /** Where it goes to, when it is moved. */
  readonly movedTo: string | null;
  readonly action: "add" | "update" | "delete";
  readonly lines: readonly ChangeLine[];
};

type Fields = Readonly<Record<string, unknown>>;

/** Lines of two texts that may differ before finding the smallest change is given up. */
const editsMax = 2_000;
const diffedUnitsMax = 500_000;

/** The changes a tool's input asks for; null for an input that is none. */
export function fileChanges(input: unknown): FileChange[] | null {
  if (typeof input === "string") return patchChanges(input);
  const fields = recordOf(input);
  if (fields === null) return null;
  const patch = textOf(fields.patch) ?? textOf(fields.diff) ?? textOf(fields.patchText);
  if (patch !== null) return patchChanges(patch);
  const free = textOf(fields.input);
  if (free?.startsWith("*** Begin Patch")) return codexPatch(free);
  const command = commandText(fields);
  if (command !== null) return patchInCommand(command);
  return editChanges(fields) ?? listedChanges(fields.changes);
}

/** The command a tool's input runs, as one text; null for an input without. */
export function commandText(fields: Fields): string | null {
  const command = fields.command ?? fields.cmd;
  if (typeof command === "string") return command === "" ? null : command;
  if (!Array.isArray(command) || command.length === 0) return null;
  const words = command.map(String);
  const isShell = words.length === 3 && /(?:^|\/)(?:ba|z|da)?sh$/.test(words[0] ?? "");
  return isShell && /^-\w*c$/.test(words[1] ?? "") ? (words[2] ?? "") : words.join(" ");
}

/** Lines that a change adds and removes. */
export function changeCounts(changes: readonly FileChange[]): { added: number; removed: number } {
  const lines = changes.flatMap((change) => change.lines);
  const count = (kind: ChangeLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return { added: count("added"), removed: count("removed") };
}

function patchChanges(text: string): FileChange[] | null {
  return codexPatch(text) ?? unifiedChanges(text);
}

/** A patch in a shell's here-document, or as the one argument of `apply_patch`. */
function patchInCommand(command: string): FileChange[] | null {
  const isPatch = /^(?:\s*cd [^\n;&|]+&&)?\s*apply_patch\b/.test(command);
  const start = command.indexOf("*** Begin Patch");
  return isPatch && start !== -1 ? codexPatch(command.slice(start)) : null;
}

function unifiedChanges(text: string): FileChange[] | null {
  if (!/^@@ -\d/m.test(text)) return null;
  try {
    const changes = parsePatch(text).map(({ oldFileName, newFileName, hunks }) => {
      const name = (file: string | undefined) => (file ?? "").replace(/^[ab]\//, "");
      const isNew = oldFileName === "/dev/null";
      const isGone = newFileName === "/dev/null";
      const [from, to] = [name(oldFileName), name(newFileName)];
      return {
        path: isNew ? to : from,
        movedTo: isNew || isGone || from === to ? null : to || null,
        action: isNew ? ("add" as const) : isGone ? ("delete" as const) : ("update" as const),
        lines: hunks.flatMap((hunk) => [gap(hunk), ...hunk.lines.flatMap(lineOf)]),
      };
    });
    return changes.some((change) => change.lines.length > 0) ? changes : null;
  } catch {
    // Not a well-formed diff: it is shown as the text it is.
    return null;
  }
}

function gap({ newStart }: { readonly newStart: number }): ChangeLine {
  return { kind: "gap", text: String(newStart) };
}

function lineOf(line: string): ChangeLine[] {
  const text = line.slice(1);
  if (line.startsWith("+")) return [{ kind: "added", text }];
  if (line.startsWith("-")) return [{ kind: "removed", text }];
  return line.startsWith("\\") ? [] : [{ kind: "same", text }];
}

/** One edit, several, or a file written as a whole, in the words of the agents that write them. */
function editChanges(fields: Fields): FileChange[] | null {
  const named = fields.file_path ?? fields.filePath ?? fields.notebook_path ?? fields.path;
  const path = textOf(named);
  if (path === null) return null;
  const edits = Array.isArray(fields.edits) ? fields.edits : [fields];
  const pairs = edits.map((edit) => editOf(recordOf(edit) ?? {}));
  if (pairs.length > 0 && pairs.every((pair) => pair !== null)) {
    const lines = pairs.flatMap(([before, after], index) => [
      ...(index === 0 ? [] : [{ kind: "gap" as const, text: "" }]),
      ...changedLines(before, after),
    ]);
    return [{ path, movedTo: null, action: "update", lines }];
  }
  const content = fields.content ?? fields.new_source ?? fields.file_text;
  if (typeof content !== "string") return null;
  return [{ path, movedTo: null, action: "add", lines: linesOf(content, "added") }];
}

function editOf(edit: Fields): readonly [before: string, after: string] | null {
  const before = edit.old_string ?? edit.oldString ?? edit.oldText ?? edit.old_str;
  const after = edit.new_string ?? edit.newString ?? edit.newText ?? edit.new_str;
  return typeof before === "string" && typeof after === "string" ? [before, after] : null;
}

/** Files by name, each with a diff or its content; or a list that only says which. */
function listedChanges(changes: unknown): FileChange[] | null {
  const listed = Array.isArray(changes)
    ? changes.map((change) => [textOf(recordOf(change)?.path) ?? "", change] as const)
    : Object.entries(recordOf(changes) ?? {});
  if (listed.length === 0 || listed.some(([path]) => path === "")) return null;
  return listed.map(([path, change]) => listedChange(path, recordOf(change) ?? {}));
}

function listedChange(path: string, change: Fields): FileChange {
  const kind = textOf(change.type) ?? textOf(change.kind) ?? textOf(recordOf(change.kind)?.type);
  const action = kind === "add" || kind === "delete" ? kind : "update";
  const movedTo = textOf(change.move_path);
  const diff = textOf(change.unified_diff) ?? textOf(change.diff);
  const [parsed] = diff === null ? [] : (unifiedChanges(diff) ?? []);
  const content = linesOf(textOf(change.content) ?? "", action === "delete" ? "removed" : "added");
  return { path, movedTo, action, lines: parsed?.lines ?? content };
}

/** The smallest change between two texts; where that takes too long, all of both. */
function changedLines(before: string, after: string): ChangeLine[] {
  const isSmall = before.length + after.length <= diffedUnitsMax;
  const options = { context: 3, maxEditLength: editsMax };
  const patch = isSmall ? structuredPatch("", "", before, after, "", "", options) : undefined;
  if (patch === undefined) return [...linesOf(before, "removed"), ...linesOf(after, "added")];
  return patch.hunks.flatMap((hunk, index) => [
    ...(index === 0 ? [] : [{ kind: "gap" as const, text: "" }]),
    ...hunk.lines.flatMap(lineOf),
  ]);
}

function linesOf(text: string, kind: ChangeLine["kind"]): ChangeLine[] {
  if (text === "") return [];
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return lines.map((line) => ({ kind, text: line }));
}
