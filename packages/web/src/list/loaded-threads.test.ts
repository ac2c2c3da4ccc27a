/** Pages and live changes in every order give the server's list (WEB10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { everyThread, type ListFilter } from "../routing/route.ts";
import { listedThread } from "../testing/listed-threads.ts";
import { acceptsOf } from "./list-query.ts";
import { byActivity, type ListedThread, type ListPlace } from "./listed-thread.ts";
import { type ListPage, type ListRead, LoadedThreads, placeOf } from "./loaded-threads.ts";

/** Threads of a page: few, so that short runs meet many pages. */
const pageSize = 3;

type Change = { readonly id: string; readonly thread: ListedThread | null };

/** A server that lists as the real one does, and tells changes while it is connected. */
class ListServer {
  readonly threads = new Map<string, ListedThread>();
  readonly accepts: (thread: ListedThread) => boolean;
  told: Change[] = [];
  isConnected = true;
  #moment = 0;

  constructor(filter: ListFilter) {
    const accepts = acceptsOf(filter);
    this.accepts = (thread) => accepts(thread, true);
  }

  list(): ListedThread[] {
    return [...this.threads.values()].filter(this.accepts).sort(byActivity);
  }

  page(from: ListPlace | null): ListPage {
    const rest = this.list().filter((thread) => from === null || byActivity(thread, from) > 0);
    const threads = rest.slice(0, pageSize);
    return { threads, nextCursor: rest.length > pageSize ? "more" : null };
  }

  /** What somebody does: `what` chooses, `n` the thread. */
  act(what: number, n: number): void {
    const id = `thr_${n % 12}`;
    const known = this.threads.get(id);
    this.#moment += n % 2;
    const now = new Date(this.#moment).toISOString();
    if (what === 0 || known === undefined) {
      const parentThreadId = n % 5 === 0 ? "thr_1" : null;
      this.#tell(id, {
        ...listedThread(id, this.#moment),
        ...known,
        parentThreadId,
        updatedAt: now,
      });
    } else if (what === 1) this.#tell(id, { ...known, title: `title ${n}` });
    else if (what === 2) this.#tell(id, { ...known, archived: !known.archived });
    else if (what === 3) {
      const status = known.status === "idle" ? "running" : "idle";
      this.#tell(id, { ...known, status, updatedAt: now });
    } else this.#tell(id, null);
  }

  #tell(id: string, thread: ListedThread | null): void {
    if (thread === null) this.threads.delete(id);
    else this.threads.set(id, thread);
    if (this.isConnected) this.told.push({ id, thread });
  }
}

/** A read on its way: asked, then answered by the server, then here. */
type Exchange = { readonly read: ListRead; answer: ListPage | null; readonly isWalk: boolean };

/** The reader as the page has it, with every delay in other hands. */
class ListReader {
  readonly server: ListServer;
  loaded: LoadedThreads;
  exchanges: Exchange[] = [];

  constructor(filter: ListFilter) {
    this.server = new ListServer(filter);
    this.loaded = new LoadedThreads(acceptsOf(filter));
    this.readAnew();
  }

  readAnew(): void {
    for (const { read } of this.exchanges) this.loaded.abandon(read);
    this.exchanges = [];
    this.#ask(null, true);
  }

  readOn(): void {
    const { end } = this.loaded;
    if (typeof end === "string" || this.exchanges.some(({ isWalk }) => !isWalk)) return;
    this.#ask(end.place, false);
  }

  readSubAgents(): void {
    const read = this.loaded.beginSubAgents("thr_1");
    const threads = this.server.list().filter(({ parentThreadId }) => parentThreadId === "thr_1");
    this.exchanges.push({ read, answer: { threads, nextCursor: null }, isWalk: false });
  }

  answer(n: number): void {
    const exchange = this.exchanges[n % (this.exchanges.length || 1)];
    if (exchange !== undefined) exchange.answer ??= this.server.page(exchange.read.from);
  }

  arrive(n: number): void {
    const at = n % (this.exchanges.length || 1);
    const exchange = this.exchanges[at];
    if (exchange?.answer == null) return;
    this.exchanges.splice(at, 1);
    const { read, answer, isWalk } = exchange;
    if (read.parentId !== null) {
      this.loaded.takeSubAgents(read, answer.threads);
      return;
    }
    this.loaded.takePage(read, answer);
    const last = answer.threads.at(-1);
    const { end } = this.loaded;
    if (!isWalk || last === undefined || answer.nextCursor === null) return;
    const isAtEnd = typeof end !== "string" && byActivity(last, end.place) >= 0;
    if (!isAtEnd) this.#ask(placeOf(last), true);
  }

  hear(): void {
    const change = this.server.told.shift();
    if (change === undefined) return;
    if (change.thread === null) this.loaded.remove(change.id);
    else this.loaded.upsert(change.thread);
  }

  reconnect(): void {
    this.server.isConnected = true;
    this.readAnew();
  }

  lose(): void {
    this.server.isConnected = false;
    this.server.told = [];
  }

  /** Everything comes in. */
  settle(): void {
    if (!this.server.isConnected) this.reconnect();
    while (this.exchanges.length > 0 || this.server.told.length > 0) {
      this.answer(0);
      this.arrive(0);
      this.hear();
    }
  }

  #ask(from: ListPlace | null, isWalk: boolean): void {
    this.exchanges.push({ read: this.loaded.beginPage(from), answer: null, isWalk });
  }
}

const filters: readonly ListFilter[] = [
  everyThread,
  { ...everyThread, archived: true },
  { ...everyThread, status: "running" },
];

const step = fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 60 }));

function take(reader: ListReader, what: number, n: number): void {
  if (what < 5) reader.server.act(what, n);
  else if (what < 7) reader.answer(n);
  else if (what < 9) reader.arrive(n);
  else if (what < 12) reader.hear();
  else if (what === 12) reader.readOn();
  else if (what === 13) reader.readSubAgents();
  else if (what === 14) reader.lose();
  else reader.reconnect();
}

function assertOrdered({ threads }: LoadedThreads): void {
  threads.forEach((thread, index) => {
    const before = threads[index - 1];
    assert(before === undefined || byActivity(before, thread) < 0, "in order, each once");
  });
  assert.equal(new Set(threads.map(({ id }) => id)).size, threads.length, "each once");
}

test("WEB10 pages and live changes in any order give the server's list, each thread once", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...filters),
      fc.array(step, { maxLength: 120, size: "max" }),
      (filter, steps) => {
        const reader = new ListReader(filter);
        for (const [what, n] of steps) {
          take(reader, what, n);
          assertOrdered(reader.loaded);
        }
        reader.settle();
        const { loaded, server } = reader;
        const inReach = server.list().filter((thread) => loaded.reaches(thread));
        assert.deepEqual(loaded.threads, inReach);
        while (loaded.end !== "everything") {
          reader.readOn();
          reader.settle();
        }
        assert.deepEqual(loaded.threads, server.list());
        const children = server.list().filter(({ parentThreadId }) => parentThreadId === "thr_1");
        const known = [...(loaded.subAgents.get("thr_1") ?? [])];
        assert.deepEqual(known.sort(), children.map(({ id }) => id).sort());
      },
    ),
    { seed: 10, numRuns: 1_500 },
  );
});

test("WEB10 what was loaded stays loaded while it is read anew", () => {
  const reader = new ListReader(everyThread);
  for (let n = 0; n < 12; n += 1) reader.server.act(0, n);
  reader.settle();
  reader.readOn();
  reader.settle();
  const before = reader.loaded.threads.length;
  assert(before >= 2 * pageSize);
  reader.lose();
  reader.server.act(0, 2);
  reader.server.act(4, 11);
  reader.reconnect();
  reader.answer(0);
  reader.arrive(0);
  assert(reader.loaded.threads.length >= before - 1, "nothing went that is still there");
  reader.settle();
  assert.deepEqual(
    reader.loaded.threads,
    reader.server.list().slice(0, reader.loaded.threads.length),
  );
});

test("WEB13 what a search found stays with its thread while the thread changes", () => {
  const search = { ...everyThread, q: "word" };
  const loaded = new LoadedThreads(acceptsOf(search));
  const snippet = { sequence: 3, text: "a word", ranges: [[2, 6]] as const };
  const found = { ...listedThread("thr_a", 5), snippet };
  loaded.takePage(loaded.beginPage(null), { threads: [found], nextCursor: null });
  loaded.upsert(listedThread("thr_a", 9, { status: "running" }));
  loaded.upsert(listedThread("thr_new", 10));
  assert.deepEqual(
    loaded.threads.map(({ id, status, snippet }) => ({ id, status, snippet })),
    [{ id: "thr_a", status: "running", snippet }],
  );
  loaded.remove("thr_a");
  assert.deepEqual(loaded.threads, []);
});
