/**
 * What the hand-made session files hold, counted straight from their JSON by a few lines per format
 * and without any of the adapters' code. `heldByFrames` (of `held-by-source.ts`) says the same of the
 * frames they give.
 */
import { readFileSync } from "node:fs";
import { type Held, heldByCodex } from "./held-by-source.ts";

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, looked into without ceremony here.
type Any = any;

/** The objects of a file: its lines, or the one document it is. */
export function objectsOf(file: string): Any[] {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".json")) return [JSON.parse(text)];
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}

/** By format, what a file of it holds. */
export const heldByFixture: Record<string, (file: string) => Held> = {
  codex: heldByCodex,
  "codex-exec": heldByExec,
  "claude-agent-sdk": heldBySdk,
  "gemini-cli": heldByGemini,
  pi: heldByPi,
  opencode: heldByOpencode,
};

const ofType = (list: Any[], type: string) => list.filter((item) => item.type === type);
const textsOf = (list: Any[], field = "text") => list.map((item) => item[field] as string);

function heldByExec(file: string): Held {
  const events = objectsOf(file).filter(({ item }) => item !== undefined);
  const done = ofType(events, "item.completed").map(({ item }) => item);
  const isCall = ({ type }: Any) => /_execution$|_change$|_call$|_search$/.test(type);
  const called = events.filter(({ item }) => isCall(item)).map(({ item }) => item);
  const idOf = ({ id, type }: Any): string => (type === "web_search" ? "at once" : id);
  return {
    prompts: [],
    answers: textsOf(ofType(done, "agent_message")),
    thoughts: textsOf(ofType(done, "reasoning")),
    calls: [...new Set(called.map(idOf))],
    results: done.filter(isCall).map(idOf),
    compactions: 0,
  };
}

function heldBySdk(file: string): Held {
  const messages = objectsOf(file);
  const blocks = (type: string): Any[] =>
    ofType(messages, type).flatMap(({ message: { content }, isSynthetic }) => {
      if (isSynthetic === true) return [];
      return typeof content === "string" ? [{ type: "text", text: content }] : content;
    });
  const system = ofType(messages, "system");
  return {
    prompts: textsOf(ofType(blocks("user"), "text")),
    answers: textsOf(ofType(blocks("assistant"), "text")),
    thoughts: textsOf(ofType(blocks("assistant"), "thinking"), "thinking"),
    calls: textsOf(ofType(blocks("assistant"), "tool_use"), "id"),
    results: textsOf(ofType(blocks("user"), "tool_result"), "tool_use_id"),
    compactions: system.filter(
      ({ subtype, compact_result }) =>
        subtype === "compact_boundary" || compact_result === "failed",
    ).length,
  };
}

function heldByGemini(file: string): Held {
  const records = objectsOf(file).flatMap((record) => record.messages ?? [record]);
  const last = [...new Map(records.map((record) => [record.id, record])).values()];
  const texts = (content: Any) =>
    typeof content === "string"
      ? content
      : textsOf(content.filter((part: Any) => part.text)).join("\n");
  const said = ofType(last, "gemini");
  const calls = said.flatMap(({ toolCalls }) => toolCalls ?? []);
  return {
    prompts: ofType(last, "user").map(({ content }) => texts(content)),
    answers: said.map(({ content }) => texts(content)).filter((text) => text !== ""),
    thoughts: said
      .flatMap(({ thoughts }) => thoughts ?? [])
      .map(({ subject, description }) => `${subject}\n${description}`),
    calls: textsOf(calls, "id"),
    results: textsOf(
      calls.filter(({ status }) => status !== "executing"),
      "id",
    ),
    compactions: 0,
  };
}

function heldByPi(file: string): Held {
  const entries = objectsOf(file);
  const said = entries
    .filter(({ type }) => type === "message" || type === "message_end")
    .map(({ message }) => message);
  const ofRole = (role: string) => said.filter((message) => message.role === role);
  const parts = ofRole("assistant").flatMap(({ content }) => content);
  const text = (content: Any) =>
    typeof content === "string" ? content : textsOf(ofType(content, "text")).join("\n");
  return {
    prompts: ofRole("user").map(({ content }) => text(content)),
    answers: textsOf(ofType(parts, "text")),
    thoughts: textsOf(ofType(parts, "thinking"), "thinking"),
    calls: textsOf(ofType(parts, "toolCall"), "id"),
    results: textsOf(ofRole("toolResult"), "toolCallId"),
    compactions: entries.filter(({ type }) => /^(compaction|auto_compaction_end)$/.test(type))
      .length,
  };
}

function heldByOpencode(file: string): Held {
  const records = objectsOf(file).flatMap((record) => record.messages ?? [record]);
  const last = [...new Map(records.map((record) => [record.info.id, record])).values()];
  const parts = (keep: (info: Any) => boolean) =>
    last.flatMap((record) => (keep(record.info) ? (record.parts ?? []) : []));
  const asked = parts(({ role }) => role === "user");
  const said = parts(({ role, summary }) => role === "assistant" && summary !== true);
  const tools = ofType(said, "tool");
  return {
    prompts: textsOf(ofType(asked, "text").filter(({ synthetic }) => synthetic !== true)),
    answers: textsOf(ofType(said, "text")),
    thoughts: textsOf(ofType(said, "reasoning")),
    calls: textsOf(tools, "callID"),
    results: textsOf(
      tools.filter(({ state }) => /completed|error/.test(state.status)),
      "callID",
    ),
    compactions: last.filter(({ info }) => info.summary === true).length,
  };
}
