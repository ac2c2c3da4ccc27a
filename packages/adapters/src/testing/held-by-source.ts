/**
 * What a real session file holds, counted straight from its JSON in as few lines as possible and
 * without any of the adapters' code, so that the two can be compared. `heldByFrames` says the same
 * of the frames.
 */
import { readFileSync } from "node:fs";
import type { Frame } from "../frame.ts";

/** Texts and ids; a call that is its own result counts as "at once". */
export type Held = Record<"prompts" | "answers" | "thoughts" | "calls" | "results", string[]> & {
  readonly compactions: number;
};

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, looked into without ceremony here.
type Any = any;

function objectsIn(file: string): Any[] {
  const text = readFileSync(file, "utf8").replaceAll('}{"timestamp":', '}\n{"timestamp":');
  return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line)]));
}

const textsIn = (content: Any[]) => content.flatMap((part) => part.text ?? []).join("\n");

/** What a Codex rollout holds. An answer said as event and as item counts once. */
export function heldByCodex(file: string): Held {
  const records = objectsIn(file);
  const items = records.filter(({ type }) => type === "response_item").map((r) => r.payload);
  const events = records.filter(({ type }) => type === "event_msg").map((r) => r.payload);
  const ofType = (list: Any[], type: string) => list.filter((payload) => payload.type === type);
  const completed = (type: string) =>
    ofType(events, "item_completed").flatMap(({ item }) => (item.type === type ? [item] : []));

  const answers = ofType(items, "message").flatMap(({ role, content }) =>
    role === "assistant" ? [textsIn(content)] : [],
  );
  const told = [
    ...ofType(events, "agent_message").map(({ message }) => message),
    ...completed("AgentMessage").map(({ content }) => textsIn(content)),
  ];
  const calls = items.filter(({ type }) => type.endsWith("_call"));
  const atOnce = calls.filter(({ type }) => /^(web_search|image)/.test(type));
  const outputs = items.filter(({ type }) => type.endsWith("_output"));
  return {
    prompts: [
      ...ofType(events, "user_message").map(({ message }) => message),
      ...completed("UserMessage").map(({ content }) => textsIn(content)),
    ],
    answers: [...answers, ...without(told, answers)],
    thoughts: ofType(items, "reasoning").flatMap((item) => item.summary.map((s: Any) => s.text)),
    calls: calls.map((call) => (atOnce.includes(call) ? "at once" : call.call_id)),
    results: [...outputs.map((output) => output.call_id), ...atOnce.map(() => "at once")],
    compactions: ofType(records, "compacted").length,
  };
}

/** The texts of a list that another does not hold as often. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return texts.filter((text) => {
    const twin = left.indexOf(text);
    if (twin !== -1) left.splice(twin, 1);
    return twin === -1;
  });
}

const notTyped =
  /^(<command-name>|<local-command-|<bash-|<task-notification>|\[Request interrupted by user)/;

/** What a Claude Code session holds; of a prompt given as a command, its arguments. */
export function heldByClaude(file: string): Held {
  const rows = objectsIn(file);
  const blocksOf = ({ message: { content } }: Any): Any[] =>
    typeof content === "string" ? [{ type: "text", text: content }] : content;
  const users = rows.filter(({ type }) => type === "user");
  const results = users.flatMap(blocksOf).filter(({ type }) => type === "tool_result");
  const said = rows.filter(({ type }) => type === "assistant").flatMap(blocksOf);
  const ofType = (type: string) => said.filter((block) => block.type === type);
  const prompts = users.flatMap((row) => {
    const [{ type, text = "" }] = blocksOf(row) as [Any];
    const injected = row.isMeta || row.isCompactSummary || type === "tool_result";
    return injected || notTyped.test(text) ? [] : [text];
  });
  return {
    prompts: prompts.map(typedText),
    answers: ofType("text").map(({ text }) => text),
    thoughts: ofType("thinking").flatMap(({ thinking }) => thinking || []),
    calls: ofType("tool_use").map(({ id }) => id),
    results: results.map((block) => block.tool_use_id),
    compactions: users.filter(({ isCompactSummary }) => isCompactSummary).length,
  };
}

function typedText(text: string): string {
  return /<command-args>([\s\S]*)<\/command-args>/.exec(text)?.[1]?.trim() ?? text;
}

/** What frames hold; those made from events alone are left out. */
export function heldByFrames(frames: readonly Frame[]): Held {
  const own = frames.filter(({ payload }) => payload.synthetic !== true);
  const payloadsOf = (...types: Frame["type"][]): Any[] =>
    own.filter(({ type }) => types.includes(type)).map(({ payload }) => payload);
  const answers = payloadsOf("assistant_message").map(({ content }) => content as Any[]);
  const ofType = (type: string) =>
    answers.map((content) => content.filter((part) => part.type === type));
  const named = payloadsOf("tool_call", "tool_result").map((payload, index, all) => {
    const { name } = payload.name === undefined ? all[index - 1] : payload;
    const atOnce = name === "web_search" || name === "image_generation";
    return { isCall: payload.name !== undefined, id: atOnce ? "at once" : payload.toolCallId };
  });
  return {
    prompts: payloadsOf("user_message").map(({ content, native }) => {
      const text = typeof content === "string" ? content : textsIn(content);
      return typeof native?.command === "string" ? typedText(native.command) : text;
    }),
    answers: ofType("text").flatMap((parts) => (parts.length > 0 ? [textsIn(parts)] : [])),
    thoughts: ofType("thinking").flatMap((parts) => parts.map(({ text }) => text)),
    calls: named.filter(({ isCall }) => isCall).map(({ id }) => id),
    results: named.filter(({ isCall }) => !isCall).map(({ id }) => id),
    compactions: payloadsOf("compaction_completed").length,
  };
}
