/**
 * What a message or a run used, in the words of every provider (WEB26). Pure. Tokens of the prompt
 * include what came from a cache, whoever counts.
 */
import { recordOf } from "./safe-links.ts";

/** Tokens, and the cost in US dollars; null where nothing tells. */
export type TokenUsage = {
  readonly input: number | null;
  readonly output: number | null;
  readonly costUsd: number | null;
};

const inputNames = ["input_tokens", "prompt_tokens", "inputTokens", "promptTokens", "input"];
const outputNames = ["output_tokens", "completion_tokens", "outputTokens", "completionTokens"];
const moreOutputNames = [...outputNames, "output"];
/** Counted beside `input_tokens` by those who use these names, inside it by all others. */
const besideNames = [
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "cacheRead",
  "cacheWrite",
];
const costNames = ["total_cost_usd", "cost_usd", "costUsd", "totalCostUsd", "cost"];

/** The usage a payload tells in `usage`, and of its cost also beside it; null when it tells none. */
export function tokenUsage(payload: Readonly<Record<string, unknown>>): TokenUsage | null {
  const usage = recordOf(payload.usage) ?? {};
  const cache = recordOf(usage.cache);
  const beside = [...besideNames.map((name) => usage[name]), cache?.read, cache?.write];
  const plainInput = firstNumber(usage, inputNames);
  const input = plainInput === null ? null : sum([plainInput, ...beside]);
  const output = firstNumber(usage, moreOutputNames);
  const costs = recordOf(usage.cost);
  const costUsd =
    firstNumber(usage, costNames) ??
    firstNumber(costs ?? {}, ["total"]) ??
    firstNumber(payload, costNames);
  return input === null && output === null && costUsd === null ? null : { input, output, costUsd };
}

function firstNumber(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): number | null {
  const found = names
    .map((name) => (Object.hasOwn(values, name) ? values[name] : undefined))
    .find((value) => typeof value === "number" && Number.isFinite(value) && value >= 0);
  return typeof found === "number" ? found : null;
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>(
    (total, value) => total + (typeof value === "number" ? value : 0),
    0,
  );
}
