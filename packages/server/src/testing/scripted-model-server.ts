/**
 * A model's endpoint on loopback that speaks both protocols over real HTTP and answers as a test
 * says, request by request. Faults it can play: any status and headers, any body, silence, a stream
 * that ends or is cut in the middle.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "./eventually.ts";

/** One request as it came. */
export type ModelRequest = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly stream?: boolean;
    readonly system?: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly [field: string]: unknown;
  };
  /** The last message, which holds the thread. */
  readonly prompt: string;
  /** Whether the connection was closed before the answer was whole. */
  cut: boolean;
};

/** How one request is answered. */
export type ModelReply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces of the body, written one by one. */
  readonly pieces?: readonly string[];
  /** What happens after them: by default the body ends. */
  readonly ending?: "end" | "cut" | "silence";
};

/** Answers the request that is the `count`th, from 0. */
export type ModelScript = (request: ModelRequest, count: number) => ModelReply;

/** A running endpoint. */
export class ModelServer {
  readonly #server = createServer();
  readonly requests: ModelRequest[] = [];
  script: ModelScript;

  constructor(script: ModelScript) {
    this.script = script;
  }

  /** Its address with that path, once it is open. */
  addressOf(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Starts it. */
  async open(): Promise<void> {
    this.#server.on("request", async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ModelRequest["body"];
      const { url: path = "", headers } = incoming;
      const prompt = body.messages.at(-1)?.content ?? "";
      const request: ModelRequest = { path, headers, body, prompt, cut: false };
      const count = this.requests.push(request) - 1;
      response.on("close", () => {
        request.cut = !response.writableFinished;
      });
      await play(response, this.script(request, count));
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Waits until that many requests have come. */
  async untilRequests(count: number): Promise<void> {
    await eventually(`${count} requests`, () => this.requests.length >= count);
  }

  /** Ends it and what is open; once more does nothing. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

async function play(response: ServerResponse, reply: ModelReply): Promise<void> {
  const { status = 200, headers = {}, pieces = [], ending = "end" } = reply;
  response.writeHead(status, headers);
  response.flushHeaders();
  for (const piece of pieces) {
    await new Promise<void>((resolve) => response.write(piece, () => resolve()));
  }
  if (ending === "end") response.end();
  if (ending === "cut") response.destroy();
}

const eventStream = { "content-type": "text/event-stream" };
const json = { "content-type": "application/json" };

/** A reply of JSON. */
export function jsonReply(value: unknown, status = 200): ModelReply {
  return { status, headers: json, pieces: [JSON.stringify(value)] };
}

/** A reply of an error as both protocols word it. */
export function errorReply(
  status: number,
  error: { readonly message: string; readonly type?: string; readonly code?: string },
  headers: Readonly<Record<string, string>> = {},
): ModelReply {
  return { ...jsonReply({ type: "error", error }, status), headers: { ...json, ...headers } };
}

/** A protocol's well-formed replies. */
export type ModelDialect = {
  readonly path: string;
  /** A stream of these texts; `stop` is its reason to stop, null for a stream without its end. */
  readonly stream: (texts: readonly string[], stop?: string | null) => ModelReply;
  /** The same in one piece. */
  readonly whole: (text: string, stop?: string) => ModelReply;
  /** Stop reason of an answer cut off at its limit. */
  readonly lengthStop: string;
  readonly refusalStop: string;
};

/** OpenAI's chat completions; 100 tokens read, 7 written of which 2 were thinking. */
export const openAiDialect: ModelDialect = {
  path: "/v1/chat/completions",
  lengthStop: "length",
  refusalStop: "content_filter",
  stream: (texts, stop = "stop") => {
    const chunk = (delta: object, reason: string | null) =>
      data({
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta, finish_reason: reason }],
      });
    const pieces = texts.map((content) => chunk({ content }, null));
    if (stop !== null) {
      pieces.push(chunk({}, stop), data({ choices: [], usage: openAiUsage }), "data: [DONE]\n\n");
    }
    return { headers: eventStream, pieces };
  },
  whole: (content, stop = "stop") =>
    jsonReply({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: stop }],
      usage: openAiUsage,
    }),
};

const openAiUsage = {
  prompt_tokens: 100,
  completion_tokens: 7,
  completion_tokens_details: { reasoning_tokens: 2 },
};

/** Anthropic's Messages API; 100 tokens read, 5 written. */
export const anthropicDialect: ModelDialect = {
  path: "/v1/messages",
  lengthStop: "max_tokens",
  refusalStop: "refusal",
  stream: (texts, stop = "end_turn") => {
    const message = {
      type: "message",
      content: [],
      usage: { input_tokens: 100, output_tokens: 1 },
    };
    const pieces = [
      named({ type: "message_start", message }),
      named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
      named({ type: "ping" }),
      ...texts.map((text) =>
        named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
      ),
    ];
    if (stop !== null) {
      const delta = { stop_reason: stop };
      pieces.push(
        named({ type: "content_block_stop", index: 0 }),
        named({ type: "message_delta", delta, usage: { output_tokens: 5 } }),
        named({ type: "message_stop" }),
      );
    }
    return { headers: eventStream, pieces };
  },
  whole: (text, stop = "end_turn") =>
    jsonReply({
      type: "message",
      content: [
        { type: "thinking", thinking: "hm", signature: "s" },
        { type: "text", text },
      ],
      stop_reason: stop,
      usage: { input_tokens: 100, output_tokens: 5 },
    }),
};

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function named(value: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${value.type}\n${data(value)}`;
}
