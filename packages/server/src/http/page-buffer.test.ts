/** Memory of long pages is used again, and never while somebody still reads it (LOG2). */
import { strict as assert } from "node:assert";
import http from "node:http";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { message, newIds, publish, runStarted } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { PageBuffer } from "./page-buffer.ts";

const long = 1024 * 1024;

test("LOG2 memory is lent to one answer at a time", () => {
  const pages = new PageBuffer();
  const first = pages.take(long);
  const second = pages.take(long);
  assert.notEqual(first.buffer, second.buffer);
  pages.giveBack(first);
  const third = pages.take(long / 2);
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, long / 2);
  assert.notEqual(pages.take(long / 2).buffer, first.buffer);
});

test("LOG2 of two that come back the longer one is kept, short ones never", () => {
  const pages = new PageBuffer();
  const [shorter, longer] = [pages.take(long), pages.take(2 * long)];
  pages.giveBack(longer);
  pages.giveBack(shorter);
  assert.equal(pages.take(2 * long).buffer, longer.buffer);
  const short = pages.take(100);
  pages.giveBack(short);
  assert.notEqual(pages.take(long).buffer, short.buffer);
});

/** A thread of olivia's whose newest page is about `count` times 20 KB of one letter. */
async function longThread(server: TestServer, letter: string, count: number): Promise<string> {
  const ids = newIds("page");
  const texts = Array.from({ length: count }, () => message(letter.repeat(20_000)));
  const answer = await publish(server, { ...ids, events: [runStarted(), ...texts] });
  assert.equal(answer.status, 200, answer.bytes.toString());
  return ids.threadId;
}

/** Asks for a thread's events and reads nothing of the answer until it is told to. */
function askedSlowly(t: TestContext, server: TestServer, threadId: string) {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.get(
    `${server.url}/v1/threads/${threadId}/events`,
    { headers: { "X-API-Key": server.keys.owner }, agent: false },
    resolve,
  );
  request.on("error", reject);
  t.after(() => request.destroy());
  return {
    answered: promise,
    read: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of await promise) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString());
    },
  };
}

test("LOG2 REST4 a page that is read slowly is not written over by the next ones", async (t) => {
  const server = await startTestServer();
  t.after(() => server.close());
  const threads = new Map<string, string>();
  for (const letter of ["a", "b", "c"]) threads.set(letter, await longThread(server, letter, 190));
  const path = (letter: string) => `/v1/threads/${threads.get(letter)}/events`;
  const get = (letter: string) => server.request("GET", path(letter), { key: server.keys.owner });
  await get("a");
  const slow = askedSlowly(t, server, threads.get("b") as string);
  await slow.answered;
  for (const letter of ["a", "c", "a", "c"]) {
    const { body } = await get(letter);
    assert.equal(body.data.events.at(-1).payload.content, letter.repeat(20_000));
  }
  const { data } = await slow.read();
  assert.equal(data.events.length, 191);
  for (const { payload } of data.events.slice(1)) {
    assert.equal(payload.content, "b".repeat(20_000));
  }
});
