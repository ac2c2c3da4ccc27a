/**
 * Messages of the libraries whose formats `GET …/context` speaks: of each exactly what the server
 * makes, a part of what the library takes. Tests hand them to the real libraries, by type and by
 * value.
 */

/** Text, in every format alike. */
export type TextBlock = { type: "text"; text: string };

/** A part of a user's message of OpenAI's chat completions; `url` may be a data URL. */
export type OpenAiUserPart =
  | TextBlock
  | { type: "image_url"; image_url: { url: string } }
  | { type: "file"; file: { filename: string; file_data: string } };

/** A call of OpenAI's chat completions; `arguments` is the JSON text of an object. */
export type OpenAiToolCall = {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
};

/** A message of OpenAI's chat completions. */
export type OpenAiMessage =
  | { role: "user"; content: string | OpenAiUserPart[] }
  | { role: "assistant"; content: string | TextBlock[] | null; tool_calls?: OpenAiToolCall[] }
  | { role: "tool"; tool_call_id: string; content: string };

/** Image types that Anthropic's Messages API takes. */
export type AnthropicImageType = "image/jpeg" | "image/png" | "image/gif" | "image/webp";

/** An image of Anthropic's Messages API. */
export type AnthropicImage = {
  type: "image";
  source:
    | { type: "base64"; media_type: AnthropicImageType; data: string }
    | { type: "url"; url: string };
};

/** A document of Anthropic's Messages API. */
export type AnthropicDocument = {
  type: "document";
  source:
    | { type: "base64"; media_type: "application/pdf"; data: string }
    | { type: "url"; url: string };
};

/** A result in Anthropic's Messages API. */
export type AnthropicToolResult = {
  type: "tool_result";
  tool_use_id: string;
  content?: string | (TextBlock | AnthropicImage | AnthropicDocument)[];
  is_error?: boolean;
};

/** A block of a user's message of Anthropic's Messages API. */
export type AnthropicUserBlock =
  | TextBlock
  | AnthropicImage
  | AnthropicDocument
  | AnthropicToolResult;

/** A block of an assistant's message of Anthropic's Messages API. */
export type AnthropicAssistantBlock =
  | TextBlock
  | { type: "thinking"; thinking: string; signature: string }
  | { type: "redacted_thinking"; data: string }
  | { type: "tool_use"; id: string; name: string; input: { [name: string]: unknown } };

/** A message of Anthropic's Messages API; roles take turns, the user's is first. */
export type AnthropicMessage =
  | { role: "user"; content: AnthropicUserBlock[] }
  | { role: "assistant"; content: AnthropicAssistantBlock[] };

/** A call of the AI SDK: answered, or failed (also when no result was recorded). */
export type AiSdkToolPart = {
  type: "dynamic-tool";
  toolName: string;
  toolCallId: string;
  input: { [name: string]: unknown };
} & ({ state: "output-available"; output: unknown } | { state: "output-error"; errorText: string });

/** A part of a `UIMessage`; what the SDK has no part for is a data part as it was published. */
export type AiSdkPart =
  | { type: "text"; text: string; state: "done" }
  | {
      type: "reasoning";
      text: string;
      state: "done";
      providerMetadata?: { anthropic: { signature: string } };
    }
  | { type: "file"; mediaType: string; url: string; filename?: string }
  | { type: "step-start" }
  | { type: `data-${string}`; data: unknown }
  | AiSdkToolPart;

/** A `UIMessage` of the AI SDK. */
export type AiSdkMessage = {
  id: string;
  role: "user" | "assistant";
  metadata?: { sequence: number | null; summary?: true };
  parts: AiSdkPart[];
};
