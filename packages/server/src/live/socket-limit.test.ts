/** How many live connections one key may have: the next is told so, and others are unaffected. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { WebSocket } from "ws";
import { startTestServer } from "../testing/test-server.ts";

function opened(url: string, key: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers: { "X-API-Key": key } });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once("close", (code) => resolve(code)));
}

test("LIVE16 one connection more than a key may have is closed with 4429, others stay", async () => {
  const server = await startTestServer({ socketsPerKeyMax: 2 });
  try {
    const url = `${server.url.replace("http", "ws")}/v1/live`;
    const first = await opened(url, server.keys.owner);
    await opened(url, server.keys.owner);
    assert.equal(await closeCode(await opened(url, server.keys.owner)), 4429);
    const other = await opened(url, server.keys.member);
    assert.equal(other.readyState, WebSocket.OPEN, "another key has its own count");
    const threadId = "thr_limit";
    const body = { threadId, runId: "run_1", type: "run_started", payload: {} };
    await server.request("POST", "/v1/thread-events", { key: server.keys.owner, body });
    const stream = await server.request("GET", `/v1/threads/${threadId}/events`, {
      key: server.keys.owner,
      headers: { Accept: "text/event-stream" },
    });
    assert.deepEqual([stream.status, stream.body.error.code], [429, "RATE_LIMITED"]);
    const gone = closeCode(first);
    first.close();
    await gone;
    const again = await opened(url, server.keys.owner);
    assert.equal(again.readyState, WebSocket.OPEN, "a place that was given back counts again");
  } finally {
    await server.close();
  }
});
