/**
 * What tool calls leave behind in a project: files and commands, by the names that Codex, Claude
 * Code and their like use for them, and which of it went wrong. Pure; read by the summary.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Entry } from "../context/history.ts";

/** A file and what was done to it most. */
export type FileTrace = { readonly path: string; isWritten: boolean };
/** A call that failed, or has no result, and whether the same was done again without failing. */
export type Problem = { readonly what: string; readonly said: string | null };

/** Traces in the order they were left; of what was done twice, the last. */
export type Traces = {
  readonly files: readonly FileTrace[];
  readonly commands: readonly string[];
  readonly problems: readonly Problem[];
};

const pathFields = ["file_path", "notebook_path", "path", "filePath", "absolute_path"] as const;
const writingTool = /edit|write|patch|create|replace|insert|notebook/i;
const patchedFile = /^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm;

/** Reads the calls of a conversation. */
export function tracesOf(entries: readonly Entry[]): Traces {
  const files = new Map<string, FileTrace>();
  const commands = new Set<string>();
  const open = new Map<string, string>();
  const problems = new Map<string, Problem>();
  for (const { type, payload } of entries) {
    const id = String(payload.toolCallId);
    if (type === "tool_call") {
      const input = inputOf(payload);
      const name = String(payload.name);
      for (const path of pathsIn(name, input)) noteFile(files, path, name);
      const command = commandOf(input);
      if (command !== null) {
        commands.delete(command);
        commands.add(command);
      }
      open.set(id, command ?? [name, ...pathsIn(name, input)].join(" "));
    } else if (type === "tool_result") {
      const what = open.get(id);
      open.delete(id);
      if (what === undefined) continue;
      problems.delete(what);
      const said = failureOf(payload);
      if (said !== null) problems.set(what, { what, said });
    }
  }
  for (const what of open.values()) problems.set(what, { what, said: null });
  return {
    files: [...files.values()],
    commands: [...commands],
    problems: [...problems.values()],
  };
}

function noteFile(files: Map<string, FileTrace>, path: string, tool: string): void {
  const known = files.get(path);
  const isWritten = writingTool.test(tool) || (known?.isWritten ?? false);
  files.delete(path);
  files.set(path, { path, isWritten });
}

function inputOf({ input }: JsonObject): JsonObject {
  if (typeof input === "string") return { text: input };
  return typeof input === "object" && input !== null ? (input as JsonObject) : {};
}

function pathsIn(name: string, input: JsonObject): string[] {
  const paths = pathFields.flatMap((field) => {
    const value = input[field];
    return typeof value === "string" && value.length < 300 ? [value] : [];
  });
  if (!writingTool.test(name) && !JSON.stringify(input).includes("*** ")) return paths;
  for (const text of Object.values(input)) {
    if (typeof text !== "string") continue;
    for (const match of text.matchAll(patchedFile)) paths.push(match[1] as string);
  }
  return paths;
}

/** The command line of a shell call; a list is what a shell was given. */
function commandOf(input: JsonObject): string | null {
  const given = input.command ?? input.cmd ?? input.script;
  if (typeof given === "string") return given;
  if (!Array.isArray(given)) return null;
  const words = given.map(String);
  const isShell = /sh$/.test(words[0] ?? "") && /^-\w*c$/.test(words[1] ?? "");
  return isShell ? (words[2] ?? null) : words.join(" ");
}

/** What a failed call said; null for one that did not fail. */
function failureOf({ isError, output }: JsonObject): string | null {
  const text = textIn(output);
  const code = /(?:exit(?:ed)?(?: with)?(?: code)?|Exit code)[: ]+(\d+)/i.exec(text.slice(0, 400));
  const failed = isError === true || (code !== null && code[1] !== "0");
  return failed ? text : null;
}

function textIn(output: unknown): string {
  if (typeof output === "string") return output;
  if (!Array.isArray(output)) return JSON.stringify(output ?? "");
  return output.map((part) => String(part?.text ?? "")).join("\n");
}
