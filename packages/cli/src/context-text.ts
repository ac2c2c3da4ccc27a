/**
 * A context for people: who said what, in order, calls with the first lines of their results.
 * Pure but for colours, which come only on a terminal; content comes out printable.
 */
import { styleText } from "node:util";
import type { ContextAnswer, ContextMessage, ContextPart } from "@spool/protocol/context";
import { fitWidth } from "./display-width.ts";
import { printable } from "./printable-text.ts";
import { type EventText, eventText } from "./tailing/event-text.ts";
import { formats } from "./tailing/frame-printer.ts";

type Answer = Pick<ContextAnswer<"spool">, "summary" | "messages">;
type Call = Extract<ContextPart, { toolCallId: string }>;

/** The summary and the messages as lines, the last one ended. */
export function contextText({ summary, messages }: Answer, columns: number): string {
  const head =
    summary === null ? "" : block({ word: "summary", tone: "quiet", body: printable(summary) });
  return head + messages.map((message) => messageText(message, columns)).join("");
}

function messageText({ role, parts }: ContextMessage, columns: number): string {
  const said = parts.filter((part) => part.type !== "tool_call");
  const calls = parts.filter((part): part is Call => part.type === "tool_call");
  const { body } = eventText({ type: `${role}_message`, payload: { content: said } });
  const text = said.length === 0 ? "" : block({ word: role, tone: role, body });
  return text + calls.map((call) => callText(call, columns)).join("");
}

function callText({ name, input, result }: Call, columns: number): string {
  const { summary } = eventText({ type: "tool_call", payload: { name: name ?? "?", input } });
  const asked = block({
    word: "tool call",
    tone: "tool",
    summary: fitWidth(summary, columns - 11),
  });
  if (result === null) return asked + block({ word: "no result", tone: "bad" });
  const given = eventText({ type: "tool_result", payload: { ...result } });
  const lines = given.body.split("\n");
  const shown = lines.slice(0, given.bodyLinesMax ?? lines.length);
  const more = lines.length - shown.length;
  const body = shown.map((line) => fitWidth(line, columns - 2));
  if (more > 0) body.push(`… ${more} more lines`);
  return asked + block({ ...given, body: body.join("\n") });
}

function block({ word, tone, summary, body }: Partial<EventText>): string {
  const heading = `${styleText(formats[tone ?? "quiet"], word ?? "")} ${summary ?? ""}`.trimEnd();
  const text = (body ?? "").replace(/\n+$/, "");
  return `${heading}\n${text === "" ? "" : `  ${text.replaceAll("\n", "\n  ")}\n`}`;
}
