/**
 * Server-sent events over real connections: the same frames as on a WebSocket, resumable by
 * `Last-Event-ID`, with headers that proxies respect.
 */
import { strict as assert } from "node:assert";
import { get, type IncomingMessage } from "node:http";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

type SseEvent = { readonly type: string; readonly id: string | null; readonly data: string };

let server: TestServer;
before(async () => {
  server = await startTestServer({ flags: { heartbeatSeconds: "1" } });
});
after(() => server.close());

/** An open stream: its events as they come, comments counted. */
class Stream {
  readonly response: IncomingMessage;
  readonly events: SseEvent[] = [];
  comments = 0;
  isEnded = false;
  #text = "";
  #heard: () => void = () => undefined;

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#read(text));
    response.on("close", () => {
      this.isEnded = true;
      this.#heard();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  close(): void {
    this.response.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf("\n\n"); end >= 0; end = this.#text.indexOf("\n\n")) {
      this.#take(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 2);
    }
    this.#heard();
  }

  #take(block: string): void {
    if (block.startsWith(":")) {
      this.comments += 1;
      return;
    }
    const field = (name: string) => {
      const line = block.split("\n").find((one) => one.startsWith(`${name}: `));
      return line === undefined ? null : line.slice(name.length + 2);
    };
    this.events.push({ type: field("event") ?? "", id: field("id"), data: field("data") ?? "" });
  }
}

function open(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const accept = { Accept: "text/event-stream", "X-API-Key": server.keys.owner };
  return new Promise((resolve, reject) => {
    get(server.url + path, { headers: { ...accept, ...headers } }, (response) => {
      resolve(new Stream(response));
    }).on("error", reject);
  });
}

async function publish(threadId: string, events: readonly object[], more: object = {}) {
  const body = { threadId, runId: "run_1", events, ...more };
  const key = server.keys.owner;
  const answer = await server.request("POST", "/v1/thread-events", { key, body });
  assert.equal(answer.status, 200, answer.bytes.toString());
  return answer.body.data;
}

const started = { type: "run_started", payload: {} };
const call = (n: number) => ({
  type: "tool_call",
  payload: { toolCallId: `c${n}`, name: "t", input: n },
});

test("SSE1 SSE3 snapshot, durable and transient frames, with positions and comments", async () => {
  const { rolloutId } = await publish("thr_sse1", [started, call(1)]);
  const stream = await open("/v1/threads/thr_sse1/events");
  const { headers } = stream.response;
  assert.equal(stream.response.statusCode, 200);
  assert.equal(headers["content-type"], "text/event-stream");
  assert.equal(headers["cache-control"], "no-store, no-transform");
  assert.equal(headers["x-accel-buffering"], "no");
  assert.equal(headers["content-encoding"], undefined);
  await stream.until(() => stream.events.length === 1);
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "x" } };
  await publish("thr_sse1", [{ ...delta, sequenceNumber: 1 }], { rolloutId });
  await publish("thr_sse1", [call(2)]);
  await stream.until(() => stream.events.length === 3 && stream.comments > 0);
  const [snapshot, transient, durable] = stream.events;
  assert.deepEqual(
    [snapshot?.type, snapshot?.id],
    ["snapshot", JSON.parse(snapshot?.data ?? "").position],
  );
  assert.deepEqual([transient?.type, transient?.id], ["assistant_message_delta", null]);
  assert.equal(durable?.type, "tool_call");
  const crc = crc32(durable?.data ?? "")
    .toString(16)
    .padStart(8, "0");
  assert.equal(durable?.id, `3.${crc}`, "the data is the stored line, the id its position");
  stream.close();
});

test("SSE2 Last-Event-ID resumes without loss and wins over after", async () => {
  await publish("thr_sse2", [started, call(1), call(2)]);
  const first = await open("/v1/threads/thr_sse2/events");
  await first.until(() => first.events.length === 1);
  const id = first.events[0]?.id as string;
  first.close();
  await publish("thr_sse2", [call(3), call(4)]);
  const second = await open("/v1/threads/thr_sse2/events?after=1", { "Last-Event-ID": id });
  await second.until(() => second.events.length === 1);
  const snapshot = JSON.parse(second.events[0]?.data ?? "");
  assert.equal(snapshot.resumed, true);
  assert.deepEqual(
    snapshot.events.map((event: { sequence: number }) => event.sequence),
    [4, 5],
  );
  second.close();
});

test("SSE1 LIVE13 what is refused is refused in plain HTTP, and a deletion ends the stream", async () => {
  await publish("thr_sse3", [started]);
  const key = server.keys.owner;
  const statusOf = async (path: string, headers: Record<string, string>) => {
    const answer = await server.request("GET", path, {
      headers: { Accept: "text/event-stream", ...headers },
    });
    return [answer.status, answer.body.error?.code];
  };
  const path = "/v1/threads/thr_sse3/events";
  assert.deepEqual(await statusOf(path, {}), [401, "UNAUTHENTICATED"]);
  assert.deepEqual(await statusOf(`${path}?cursor=x`, { "X-API-Key": key }), [
    400,
    "INVALID_REQUEST",
  ]);
  assert.deepEqual(await statusOf(`${path}?api_key=${key}`, {}), [400, "AMBIGUOUS_CREDENTIALS"]);
  assert.deepEqual(await statusOf(`${path}?after=x`, { "X-API-Key": key }), [
    400,
    "INVALID_CURSOR",
  ]);
  const other = { "X-API-Key": server.keys.member };
  assert.deepEqual(await statusOf(path, other), [404, "THREAD_NOT_FOUND"]);
  const minted = await server.request("POST", "/v1/session-tokens", { key, body: {} });
  const token = minted.body.data.token as string;
  const stream = await new Promise<Stream>((resolve) => {
    const headers = { Accept: "text/event-stream" };
    get(`${server.url}${path}?token=${token}`, { headers }, (response) =>
      resolve(new Stream(response)),
    );
  });
  await stream.until(() => stream.events.length === 1);
  await server.request("DELETE", "/v1/threads/thr_sse3?force=true", { key });
  await stream.until(() => stream.isEnded);
  assert.equal(stream.events.at(-1)?.type, "thread_deleted");
});

test("SSE1 transient=false leaves transient frames out, and an admin sees no content", async () => {
  const { rolloutId } = await publish("thr_sse4", [started]);
  const durable = await open("/v1/threads/thr_sse4/events?transient=false");
  const admin = await open("/v1/threads/thr_sse4/events", { "X-API-Key": server.keys.admin });
  await durable.until(() => durable.events.length === 1);
  await admin.until(() => admin.events.length === 1);
  const secret = "the-secret-word";
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: secret } };
  await publish("thr_sse4", [{ ...delta, sequenceNumber: 1 }], { rolloutId });
  await publish("thr_sse4", [{ type: "user_message", payload: { content: secret } }]);
  await publish("thr_sse4", [{ type: "run_completed", payload: { status: "completed" } }]);
  await durable.until(() => durable.events.some(({ type }) => type === "run_completed"));
  await admin.until(() => admin.events.some(({ type }) => type === "run_completed"));
  assert.equal(
    durable.events.some(({ type }) => type === "assistant_message_delta"),
    false,
  );
  assert.equal(JSON.stringify(admin.events).includes(secret), false);
  durable.close();
  admin.close();
});
