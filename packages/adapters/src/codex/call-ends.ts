/**
 * What an event says about a call that has ended (`exec_command_end`, `patch_apply_end`,
 * `mcp_tool_call_end`, …, and the paginated history's completed items): outcome, duration, and the
 * call itself where no response item tells of it. Pure.
 */
import type { JsonObject } from "@spool/protocol/json";
import { listOf, numberOf, objectOf, present, textOf } from "../json-values.ts";
import type { CodexRecord } from "./codex-record.ts";
import { partsOf } from "./response-items.ts";

/** An ended call. `output` is for when no response item gives one. */
export type CallEnd = {
  readonly id: string | null;
  readonly name: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly isError: boolean | null;
  readonly exitCode?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly structured: JsonObject;
};

const completedKinds = new Map([
  ["CommandExecution", "exec_command_end"],
  ["FileChange", "patch_apply_end"],
  ["McpToolCall", "mcp_tool_call_end"],
  ["CollabToolCall", "collab_tool_call_end"],
  ["CollabAgentToolCall", "collab_tool_call_end"],
  ["DynamicToolCall", "dynamic_tool_call_response"],
  ["ImageView", "view_image_tool_call"],
]);
const eventKinds = new Set([
  "exec_command_end",
  "patch_apply_end",
  "mcp_tool_call_end",
  "dynamic_tool_call_response",
  "view_image_tool_call",
]);
const collabKind = /^collab_\w+_end$/;

/** The ended call a record tells of; null for other records. */
export function callEndOf(record: CodexRecord): CallEnd | null {
  const item = record.kind === "item_completed" ? objectOf(record.payload.item) : null;
  const body = item ?? record.payload;
  const kind = item === null ? record.kind : completedKinds.get(textOf(item.type) ?? "");
  if (kind === undefined || !(eventKinds.has(kind) || collabKind.test(kind))) return null;
  return {
    id: textOf(body.call_id) ?? textOf(body.callId) ?? textOf(body.id),
    durationMs: durationOf(body.duration) ?? numberOf(body.duration_ms),
    structured: body,
    ...detailsOf(kind, body),
  };
}

type Details = Pick<CallEnd, "name" | "input" | "output" | "isError" | "exitCode">;

function detailsOf(kind: string, body: JsonObject): Details {
  switch (kind) {
    case "exec_command_end":
      return commandDetails(body);
    case "patch_apply_end": {
      const isError = typeof body.success === "boolean" ? !body.success : failed(body.status);
      const output = outputText(body);
      return { name: "apply_patch", input: { changes: body.changes ?? {} }, output, isError };
    }
    case "mcp_tool_call_end":
      return mcpDetails(body);
    case "dynamic_tool_call_response": {
      const isError = typeof body.success === "boolean" ? !body.success : failed(body.status);
      const output = partsOf(body.content_items ?? body.contentItems);
      return {
        name: textOf(body.tool) ?? "dynamic",
        input: body.arguments ?? null,
        output,
        isError,
      };
    }
    case "view_image_tool_call":
      return {
        name: "view_image",
        input: { path: body.path ?? null },
        output: null,
        isError: null,
      };
    default: {
      const name = textOf(body.tool) ?? kind.replace(/^collab_|_end$/g, "");
      const input = present({ prompt: body.prompt, model: body.model });
      return { name, input, output: body.status ?? null, isError: failed(body.status) };
    }
  }
}

function commandDetails(body: JsonObject): Details {
  const exitCode = numberOf(body.exit_code) ?? numberOf(body.exitCode);
  const isError = exitCode === undefined ? failed(body.status) : exitCode !== 0;
  const input = present({ command: body.command, cwd: body.cwd });
  return { name: "exec_command", input, output: outputText(body), isError, exitCode };
}

function mcpDetails(body: JsonObject): Details {
  const call = objectOf(body.invocation) ?? body;
  const name = [call.server, call.tool].filter((word) => textOf(word) !== null).join("__") || "mcp";
  const result = objectOf(body.result);
  const error = result?.Err ?? body.error;
  const done = objectOf(result?.Ok) ?? result;
  const input = call.arguments ?? null;
  if (error !== undefined && error !== null) return { name, input, output: error, isError: true };
  const isError = typeof done?.isError === "boolean" ? done.isError : failed(body.status);
  return { name, input, output: done?.content ?? done ?? null, isError };
}

function outputText(body: JsonObject): string {
  const whole =
    textOf(body.aggregated_output) ??
    textOf(body.aggregatedOutput) ??
    textOf(body.formatted_output);
  return whole ?? [body.stdout, body.stderr].map(textOf).filter(Boolean).join("\n");
}

function failed(status: unknown): boolean | null {
  if (status === "completed" || status === "success") return false;
  return status === "failed" || status === "declined" || status === "error" ? true : null;
}

function durationOf(duration: unknown): number | undefined {
  const parts = objectOf(duration);
  if (parts === null) return numberOf(duration);
  return Math.round((numberOf(parts.secs) ?? 0) * 1000 + (numberOf(parts.nanos) ?? 0) / 1e6);
}

/**
 * Whether an output item says that its call failed, with the exit code where it has one: from the
 * head of a command's output, or a custom tool's JSON; null where neither says so.
 */
export function outcomeOfOutput(item: JsonObject): { isError: boolean | null; exitCode?: number } {
  const success = objectOf(item.output)?.success;
  if (typeof success === "boolean") return { isError: !success };
  const first = typeof item.output === "string" ? item.output : firstText(item.output);
  const exitCode = exitCodeOf(first.slice(0, 400), first);
  return exitCode === undefined ? { isError: null } : { isError: exitCode !== 0, exitCode };
}

function exitCodeOf(head: string, whole: string): number | undefined {
  const beforeOutput = head.split(/^Output:/m, 1)[0] ?? "";
  const match = /^(?:Process exited with code|Exit code:) (-?\d+)$/m.exec(beforeOutput);
  if (match !== null) return Number(match[1]);
  if (!head.startsWith('{"output"')) return undefined;
  const metadata = /"metadata":\{"exit_code":(-?\d+)/.exec(whole.slice(-200));
  return metadata === null ? undefined : Number(metadata[1]);
}

function firstText(output: unknown): string {
  const first = objectOf(listOf(output)[0]);
  return textOf(first?.text) ?? "";
}
