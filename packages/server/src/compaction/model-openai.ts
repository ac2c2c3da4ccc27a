/**
 * A model behind OpenAI's chat completions, as OpenAI and most others serve them. The client
 * library is loaded with the first question; retries, limits and logs are not its business here,
 * and no variable of its own reaches it.
 */
import type OpenAI from "openai";
import {
  AnswerText,
  isEventStream,
  jsonOf,
  type ModelAnswer,
  type ModelEndpoint,
  reasonOf,
  tokenCount,
} from "./model-endpoint.ts";
import { nonsense, unfinished } from "./model-failure.ts";
import type { ModelGuard } from "./model-guard.ts";
import type { ModelAddress, ModelSettings } from "./model-settings.ts";

type Chunk = OpenAI.ChatCompletionChunk;
type Completion = OpenAI.ChatCompletion;

/** A model at `address`. */
export function openAiEndpoint(address: ModelAddress, settings: ModelSettings): ModelEndpoint {
  return async ({ system, user }, { stream, guard }) => {
    const client = await openClient(address, settings.apiKey, guard);
    const body = {
      model: settings.model,
      messages: [
        { role: "system" as const, content: system },
        { role: "user" as const, content: user },
      ],
    };
    const { signal } = guard;
    if (!stream) {
      const asked = client.chat.completions.create({ ...body, stream: false }, { signal });
      return ofCompletion(await jsonOf(await asked.asResponse()));
    }
    const asked = client.chat.completions.create(
      { ...body, stream: true, stream_options: { include_usage: true } },
      { signal },
    );
    const { data, response } = await asked.withResponse();
    return isEventStream(response) ? ofStream(data) : ofCompletion(await jsonOf(response));
  };
}

async function openClient(
  { baseUrl, query }: ModelAddress,
  apiKey: string | null,
  { fetch }: ModelGuard,
): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  return new Client({
    baseURL: baseUrl,
    defaultQuery: { ...query },
    apiKey: apiKey ?? "none", // without one the library does not start; the header decides
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    defaultHeaders: { Authorization: apiKey === null ? null : `Bearer ${apiKey}` },
    maxRetries: 0,
    logLevel: "off",
    fetch,
  });
}

async function ofStream(chunks: AsyncIterable<Chunk>): Promise<ModelAnswer> {
  const text = new AnswerText();
  let finishReason: string | null = null;
  let usage: unknown;
  for await (const chunk of chunks) {
    const choice = chunk?.choices?.[0];
    text.add(choice?.delta?.content);
    finishReason = reasonOf(choice?.finish_reason) ?? finishReason;
    usage = chunk?.usage ?? usage;
  }
  return answerOf({ text, finishReason, usage });
}

function ofCompletion(completion: Record<string, unknown>): ModelAnswer {
  const { choices, usage } = completion as Partial<Completion>;
  const choice = Array.isArray(choices) ? choices[0] : undefined;
  const text = new AnswerText();
  text.add(choice?.message?.content);
  return answerOf({ text, finishReason: reasonOf(choice?.finish_reason), usage });
}

function answerOf(answer: {
  readonly text: AnswerText;
  readonly finishReason: string | null;
  readonly usage: unknown;
}): ModelAnswer {
  switch (answer.finishReason) {
    case null:
      throw nonsense("answered with other JSON, or broke off its answer");
    case "length":
      throw unfinished("length");
    case "content_filter":
      throw unfinished("refusal");
    case "tool_calls":
    case "function_call":
      throw unfinished("tool");
  }
  const usage = (answer.usage ?? {}) as Partial<OpenAI.CompletionUsage>;
  const written = tokenCount(usage.completion_tokens);
  const thought = tokenCount(usage.completion_tokens_details?.reasoning_tokens) ?? 0;
  return {
    text: answer.text.finish(),
    tokensRead: tokenCount(usage.prompt_tokens),
    tokensWritten: written === null ? null : Math.max(0, written - thought),
  };
}
