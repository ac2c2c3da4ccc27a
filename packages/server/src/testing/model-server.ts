/**
 * A model's API on loopback, for the real client libraries: checks each request by the rules of
 * the API and answers in its protocol, 400 with the problems or a short message. For tests only.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { anthropicProblems, openAiProblems } from "./api-rules.ts";

/** A running server; `requests` counts those it accepted. */
export type ModelServer = {
  readonly url: string;
  readonly accepted: () => number;
  close(): Promise<void>;
};

/** Serves `/v1/messages` and `/v1/chat/completions`. */
export async function startModelServer(): Promise<ModelServer> {
  let accepted = 0;
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    const isAnthropic = request.url === "/v1/messages";
    const problems = isAnthropic ? anthropicProblems(body.messages) : openAiProblems(body.messages);
    if (problems.length === 0) accepted += 1;
    const answer =
      problems.length > 0
        ? { type: "error", error: { type: "invalid_request_error", message: problems.join("; ") } }
        : isAnthropic
          ? anthropicAnswer(body.model)
          : openAiAnswer(body.model);
    response.writeHead(problems.length > 0 ? 400 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    accepted: () => accepted,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function anthropicAnswer(model: string) {
  return {
    ...{ id: "msg_1", type: "message", role: "assistant", model, stop_reason: "end_turn" },
    content: [{ type: "text", text: "going on" }],
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 2 },
  };
}

function openAiAnswer(model: string) {
  const message = { role: "assistant", content: "going on", refusal: null };
  return {
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model },
    choices: [{ index: 0, message, finish_reason: "stop", logprobs: null }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  };
}
