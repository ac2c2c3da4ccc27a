/**
 * What a tool gave, as text, pictures and how it ended (WEB25). Pure; reads the forms in which
 * agents wrap a command's output and leaves every other as it is.
 */
import { jsonText } from "./json-text.ts";
import { type MessagePart, messageParts } from "./message-parts.ts";
import { recordOf, textOf } from "./safe-links.ts";

/** An output as it is shown. */
export type ShownOutput = {
  /** Text and pictures in order; empty when the tool gave nothing. */
  readonly parts: readonly (MessagePart | { readonly kind: "json"; readonly text: string })[];
  readonly exitCode: number | null;
  readonly durationMs: number | null;
};

type Fields = Readonly<Record<string, unknown>>;
type Unwrapped = {
  readonly text: string;
  readonly exitCode: number | null;
  readonly seconds: number | null;
};

/** The output of a result's payload. */
export function shownOutput(payload: Fields): ShownOutput {
  const { output } = payload;
  const wrapped =
    typeof output === "string" ? unwrapped(output) : unwrappedObject(recordOf(output));
  const parts = wrapped === null ? partsOf(output) : partsOf(wrapped.text);
  const seconds = wrapped?.seconds ?? null;
  return {
    parts,
    exitCode: numberOf(payload.exitCode) ?? wrapped?.exitCode ?? null,
    durationMs: numberOf(payload.durationMs) ?? (seconds === null ? null : seconds * 1_000),
  };
}

/** Whether a result says that its call failed: by the flag, its status, or its exit code. */
export function isFailure(payload: Fields): boolean {
  if (typeof payload.isError === "boolean") return payload.isError;
  if (payload.status === "failed" || payload.status === "error") return true;
  const { exitCode } = shownOutput(payload);
  return exitCode !== null && exitCode !== 0;
}

function partsOf(output: unknown): ShownOutput["parts"] {
  if (output === null || output === undefined || output === "") return [];
  if (typeof output === "string") return [{ kind: "text", text: output }];
  const isParts =
    Array.isArray(output) && output.every((part) => textOf(recordOf(part)?.type) !== null);
  if (isParts && output.length > 0) return messageParts(output);
  return [{ kind: "json", text: jsonText(output) }];
}

function unwrapped(output: string): Unwrapped | null {
  return headedOutput(output) ?? jsonOutput(output);
}

const headLine =
  /^(?:Command|Chunk ID|Wall time|Process|Exit code|Original token count|Total output lines|Script)\b/;

/** Codex's head lines, up to `Output:`. */
function headedOutput(output: string): Unwrapped | null {
  const start = /^Output:[^\S\n]*(?:\n|$)/m.exec(output.slice(0, 20_000));
  const head = output.slice(0, start?.index ?? 0);
  const lines = head.trimEnd().split("\n");
  if (start === null || !lines.every((line) => headLine.test(line))) return null;
  const exit = /^(?:Process exited with code|Exit code:) (-?\d+)$/m.exec(head)?.[1];
  const seconds = /^Wall time:? ([\d.]+)/m.exec(head)?.[1];
  return {
    text: output.slice(head.length + start[0].length),
    exitCode: exit === undefined ? null : Number(exit),
    seconds: seconds === undefined ? null : Number(seconds),
  };
}

/** `{"output": text, "metadata": {"exit_code": …}}` as text. */
function jsonOutput(output: string): Unwrapped | null {
  if (!/^\s*\{\s*"(?:output|metadata)"/.test(output.slice(0, 200))) return null;
  try {
    return unwrappedObject(recordOf(JSON.parse(output)));
  } catch {
    // Cut, or text that only begins like it: shown as it is.
    return null;
  }
}

/** The same as an object, or what a shell gave in two streams. */
function unwrappedObject(fields: Fields | null): Unwrapped | null {
  if (fields === null) return null;
  const metadata = recordOf(fields.metadata) ?? fields;
  const exitCode = numberOf(metadata.exit_code) ?? numberOf(metadata.exitCode);
  const seconds = numberOf(metadata.duration_seconds);
  const known = new Set([
    "output",
    "metadata",
    "stdout",
    "stderr",
    "exit_code",
    "exitCode",
    "success",
  ]);
  if (!Object.keys(fields).every((name) => known.has(name))) return null;
  const texts = [fields.output, fields.stdout, fields.stderr].filter((text) => text !== undefined);
  if (texts.length === 0 || !texts.every((text) => typeof text === "string")) return null;
  return { text: texts.filter((text) => text !== "").join("\n"), exitCode, seconds };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
