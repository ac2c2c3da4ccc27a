/**
 * One publisher for the kill test: appends, renames, archives, deletes on threads of its own over
 * HTTP, remembers what was answered, and checks after a restart that all of it is there. Seeded.
 */
import { strict as assert } from "node:assert";
import type { SeededRandom } from "../seeded-random.ts";

type Target = { readonly url: string; readonly key: string };

/** What a thread must look like: what was acknowledged, and what may or may not have happened. */
type Expected = {
  readonly threadId: string;
  readonly runId: string;
  /** Content by `runSequence`, of frames that were answered 200. */
  readonly acknowledged: Map<number, string>;
  /** Contents that were sent and not answered. */
  readonly uncertain: Map<number, string>;
  titles: readonly (string | null)[];
  archived: readonly boolean[];
  deleted: readonly boolean[];
  nextRunSequence: number;
};

/** Works on three threads at a time; a broken promise is an AssertionError of `work` or `verify`. */
export class CrashPublisher {
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #threads: Expected[] = [];
  #made = 0;
  /** Answers that promised something. */
  promises = 0;

  constructor(name: string, random: SeededRandom) {
    this.#name = name;
    this.#random = random;
  }

  /** Works until the server stops answering. */
  async work(target: Target): Promise<void> {
    for (;;) {
      try {
        await this.#step(target);
        this.promises += 1;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return; // the server is gone
      }
    }
  }

  /** Compares every thread with what was promised; from here on, what is there is the truth. */
  async verify(target: Target): Promise<void> {
    for (const expected of [...this.#threads]) await this.#verifyThread(target, expected);
  }

  async #step(target: Target): Promise<void> {
    const alive = this.#threads.filter((thread) => !thread.deleted.includes(true));
    const thread = alive.length < 3 ? this.#newThread() : this.#random.pick(alive);
    const dice = this.#random.below(100);
    if (dice < 80 || thread.nextRunSequence === 1) await this.#publish(target, thread);
    else if (dice < 90) await this.#rename(target, thread);
    else if (dice < 96) await this.#archive(target, thread);
    else await this.#delete(target, thread);
  }

  #newThread(): Expected {
    this.#made += 1;
    const id = `${this.#name}-${this.#made}`;
    const thread: Expected = {
      threadId: `thr_${id}`,
      runId: `run_${id}`,
      acknowledged: new Map(),
      uncertain: new Map(),
      titles: [null],
      archived: [false],
      deleted: [false],
      nextRunSequence: 1,
    };
    this.#threads.push(thread);
    return thread;
  }

  async #publish(target: Target, thread: Expected): Promise<void> {
    const count = 1 + this.#random.below(5);
    const first = thread.nextRunSequence;
    const events = Array.from({ length: count }, (_, at) => this.#frame(first + at));
    for (const { runSequence, payload } of events) {
      thread.uncertain.set(runSequence, JSON.stringify(payload));
    }
    const { threadId, runId } = thread;
    const body = { threadId, runId, events };
    const { status, data } = await request(target, "POST", "/v1/thread-events", body);
    assert.equal(status, 200, JSON.stringify(data));
    for (const { runSequence, payload } of events) {
      thread.acknowledged.set(runSequence, JSON.stringify(payload));
      thread.uncertain.delete(runSequence);
    }
    thread.nextRunSequence = first + count;
  }

  #frame(runSequence: number) {
    if (runSequence === 1) return { type: "run_started", runSequence, payload: {} };
    const content = `${this.#name} ${runSequence} ${"é".repeat(this.#random.below(200))}`;
    return {
      type: "tool_call",
      runSequence,
      payload: { toolCallId: `c${runSequence}`, name: "t", input: content },
    };
  }

  async #rename(target: Target, thread: Expected): Promise<void> {
    const title = `title ${this.#random.below(1_000_000)}`;
    thread.titles = [...thread.titles, title];
    await this.#expectOk(request(target, "PATCH", `/v1/threads/${thread.threadId}`, { title }));
    thread.titles = [title];
  }

  async #archive(target: Target, thread: Expected): Promise<void> {
    const archived = this.#random.below(2) === 0;
    thread.archived = [...thread.archived, archived];
    await this.#expectOk(request(target, "PATCH", `/v1/threads/${thread.threadId}`, { archived }));
    thread.archived = [archived];
  }

  async #delete(target: Target, thread: Expected): Promise<void> {
    thread.deleted = [false, true];
    const path = `/v1/threads/${thread.threadId}?force=true`;
    const { status } = await request(target, "DELETE", path);
    assert.equal(status, 204);
    thread.deleted = [true];
  }

  async #expectOk(answer: Promise<{ status: number; data: unknown }>): Promise<void> {
    const { status, data } = await answer;
    assert.equal(status, 200, JSON.stringify(data));
  }

  async #verifyThread(target: Target, expected: Expected): Promise<void> {
    const path = `/v1/threads/${expected.threadId}`;
    const { status, data } = await request(target, "GET", `${path}?limit=1`);
    if (status === 404) {
      const mayBeGone = expected.deleted.includes(true) || expected.acknowledged.size === 0;
      assert.ok(mayBeGone, `${expected.threadId} was acknowledged and is gone`);
      if (expected.deleted.includes(true)) expected.deleted = [true];
      else this.#threads.splice(this.#threads.indexOf(expected), 1);
      return;
    }
    assert.equal(status, 200);
    assert.ok(expected.deleted.includes(false), `${expected.threadId} was deleted and is back`);
    const { thread } = data as {
      thread: { title: string | null; archived: boolean; sequence: number };
    };
    assert.ok(
      expected.titles.includes(thread.title),
      `title ${thread.title} of ${expected.titles}`,
    );
    assert.ok(expected.archived.includes(thread.archived));
    await this.#verifyEvents(target, expected, thread.sequence);
    expected.titles = [thread.title];
    expected.archived = [thread.archived];
    expected.deleted = [false];
  }

  async #verifyEvents(target: Target, expected: Expected, head: number): Promise<void> {
    const events = await allEvents(target, expected.threadId);
    assert.deepEqual(
      events.map((event) => event.sequence),
      Array.from({ length: head }, (_, at) => at + 1),
      "sequences are contiguous up to the head",
    );
    const stored = new Map(
      events.map((event) => [event.runSequence, JSON.stringify(event.payload)]),
    );
    assert.equal(stored.size, events.length, "nothing is there twice");
    for (const [runSequence, payload] of expected.acknowledged) {
      assert.equal(stored.get(runSequence), payload, `${expected.threadId} #${runSequence}`);
    }
    for (const [runSequence, payload] of stored) {
      const sent = expected.acknowledged.get(runSequence) ?? expected.uncertain.get(runSequence);
      assert.equal(payload, sent, "nothing is there that was not sent");
      expected.acknowledged.set(runSequence, payload);
    }
    expected.uncertain.clear();
    expected.nextRunSequence = events.length + 1;
  }
}

type StoredEvent = { sequence: number; runSequence: number; payload: unknown };

async function allEvents(target: Target, threadId: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const path = `/v1/threads/${threadId}/events?limit=500${query}`;
    const answer = await request(target, "GET", path);
    assert.equal(answer.status, 200);
    events.push(...(answer.data as { events: StoredEvent[] }).events);
    cursor = answer.nextCursor;
  }
  return events;
}

async function request({ url, key }: Target, method: string, path: string, body?: unknown) {
  const answer = await fetch(url + path, {
    method,
    headers: {
      "X-API-Key": key,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text === "" ? {} : JSON.parse(text);
  const nextCursor = (json.meta?.nextCursor ?? null) as string | null;
  return { status: answer.status, data: (json.data ?? json.error) as unknown, nextCursor };
}
