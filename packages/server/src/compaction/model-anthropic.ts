/**
 * A model behind Anthropic's Messages API. The client library is loaded with the first question;
 * retries, limits and logs are not its business here, and neither a variable nor a profile of its
 * own reaches it.
 */
import type Anthropic from "@anthropic-ai/sdk";
import { modelLimits } from "../limits.ts";
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

type StreamEvent = Anthropic.RawMessageStreamEvent;
type Message = Anthropic.Message;

/** A model at `address`. */
export function anthropicEndpoint(address: ModelAddress, settings: ModelSettings): ModelEndpoint {
  return async ({ system, user }, { stream, guard }) => {
    const client = await openClient(address, settings.apiKey, guard);
    const body = {
      model: settings.model,
      max_tokens: modelLimits.answerTokensMax,
      system,
      messages: [{ role: "user" as const, content: user }],
    };
    const { signal } = guard;
    if (!stream) {
      const asked = client.messages.create({ ...body, stream: false }, { signal });
      return ofMessage(await jsonOf(await asked.asResponse()));
    }
    const asked = client.messages.create({ ...body, stream: true }, { signal });
    const { data, response } = await asked.withResponse();
    return isEventStream(response) ? ofStream(data) : ofMessage(await jsonOf(response));
  };
}

async function openClient(
  { baseUrl, query }: ModelAddress,
  apiKey: string | null,
  { fetch }: ModelGuard,
): Promise<Anthropic> {
  const { default: Client } = await import("@anthropic-ai/sdk");
  return new Client({
    baseURL: baseUrl,
    defaultQuery: { ...query },
    apiKey: apiKey ?? "none", // without one the library looks for somebody's profile
    webhookKey: null,
    // As the API documents it; the library's own header is not known to every gateway.
    defaultHeaders: { Authorization: null, "x-api-key": apiKey },
    maxRetries: 0,
    logLevel: "off",
    openTelemetry: false,
    fetch,
  });
}

async function ofStream(events: AsyncIterable<StreamEvent>): Promise<ModelAnswer> {
  const text = new AnswerText();
  let stopReason: string | null = null;
  let isWhole = false;
  let usage: Record<string, unknown> = {};
  for await (const event of events) {
    if (event === null) continue; // whatever is JSON may come
    if (event.type === "message_start") usage = { ...event.message?.usage };
    if (event.type === "content_block_delta" && event.delta?.type === "text_delta") {
      text.add(event.delta.text);
    }
    if (event.type === "message_delta") {
      stopReason = reasonOf(event.delta?.stop_reason) ?? stopReason;
      usage = { ...usage, ...event.usage };
    }
    isWhole = event.type === "message_stop";
    if (isWhole) break;
  }
  return answerOf({ text, stopReason: isWhole ? stopReason : null, usage });
}

function ofMessage(message: Record<string, unknown>): ModelAnswer {
  const { content, stop_reason: stopReason, usage } = message as Partial<Message>;
  const text = new AnswerText();
  for (const block of Array.isArray(content) ? content : []) {
    if (block?.type === "text") text.add(block.text);
  }
  return answerOf({ text, stopReason: reasonOf(stopReason), usage: { ...usage } });
}

function answerOf(answer: {
  readonly text: AnswerText;
  readonly stopReason: string | null;
  readonly usage: Record<string, unknown>;
}): ModelAnswer {
  switch (answer.stopReason) {
    case null:
      throw nonsense("answered with other JSON, or broke off its answer");
    case "max_tokens":
    case "model_context_window_exceeded":
      throw unfinished("length");
    case "refusal":
      throw unfinished("refusal");
    case "tool_use":
    case "pause_turn":
      throw unfinished("tool");
  }
  const { usage } = answer;
  return {
    text: answer.text.finish(),
    tokensRead: tokenCount(usage.input_tokens),
    tokensWritten: tokenCount(usage.output_tokens),
  };
}
