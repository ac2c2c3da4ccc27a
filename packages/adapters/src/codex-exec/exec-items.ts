/**
 * Items of `codex exec --json` → calls and their outcomes. Pure. Which items are calls is said here
 * and nowhere else; messages, lists and notices are none.
 */
import type { JsonObject } from "@spool/protocol/json";
import { numberOf, objectOf, present, restOf, textOf } from "../json-values.ts";

/** A call as its item has it, begun or done. */
export type ExecCall = { readonly name: string; readonly input: JsonObject };

/** How a call ended. */
export type ExecOutcome = {
  readonly output: unknown;
  readonly isError: boolean | null;
  readonly exitCode?: number;
  readonly status?: string;
};

/** The call an item is; null for an item that is none. */
export function execCallOf(item: JsonObject): ExecCall | null {
  switch (item.type) {
    case "command_execution":
      return { name: "exec_command", input: present({ command: item.command }) };
    case "file_change":
      return { name: "apply_patch", input: { changes: item.changes ?? [] } };
    case "mcp_tool_call": {
      const words = [item.server, item.tool].filter((word) => textOf(word) !== null);
      return { name: words.join("__") || "mcp", input: argumentsOf(item.arguments) };
    }
    case "collab_tool_call": {
      const input = present({ prompt: item.prompt, receivers: item.receiver_thread_ids });
      return { name: textOf(item.tool) ?? "collab", input };
    }
    case "web_search":
      return { name: "web_search", input: present({ query: item.query, action: item.action }) };
    default:
      return null;
  }
}

function argumentsOf(value: unknown): JsonObject {
  return objectOf(value) ?? present({ arguments: value });
}

/** The outcome in a completed item that is a call. */
export function execOutcomeOf(item: JsonObject): ExecOutcome {
  const status = textOf(item.status) ?? undefined;
  const exitCode = numberOf(item.exit_code);
  const byStatus = status === undefined || status === "in_progress" ? null : status !== "completed";
  const isError = exitCode === undefined ? byStatus : exitCode !== 0;
  return { output: outputOf(item), isError, ...present({ exitCode, status }) };
}

function outputOf(item: JsonObject): unknown {
  if (item.type === "command_execution") return item.aggregated_output ?? "";
  if (item.type === "collab_tool_call") return item.agents_states ?? null;
  const error = objectOf(item.error);
  if (error !== null) return textOf(error.message) ?? error;
  const result = objectOf(item.result);
  return result?.content ?? result ?? null;
}

const known = [
  ["id", "type", "status", "exit_code", "aggregated_output", "command", "changes"],
  ["server", "tool", "arguments", "result", "error", "query", "action"],
  ["prompt", "receiver_thread_ids", "agents_states", "text"],
].flat();

/** What an item holds beyond what its frame says. */
export function execNativeOf(item: JsonObject): JsonObject {
  const structured = objectOf(item.result)?.structured_content;
  return present({ itemId: item.id, structured, ...restOf(item, known) });
}
