/**
 * The write side of a server over the real embedded store, for tests of `ThreadCommands`: commands
 * of the specification's people on the specification's thread, what a watcher hears, and in which
 * order answers leave. Flushes are held and failed through the fixture's file system.
 */
import type { TestContext } from "node:test";
import type { DomainError } from "@spool/protocol/errors";
import type { BusMessage } from "../live/live-bus.ts";
import { MemoryBus } from "../live/memory-bus.ts";
import type { EmbeddedStore } from "../store/embedded/embedded-store.ts";
import type { StoreLimits } from "../store/embedded/store-limits.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { key, type Step } from "../threads/decide-specification.ts";
import { type CommandResult, ThreadCommands } from "../threads/thread-commands.ts";
import { EmbeddedFixture } from "./embedded-fixture.ts";

/** Puts something between the commands and the store, such as a lost race. */
export type StoreWrap = (store: ThreadStore) => ThreadStore;

/** One data directory with one or more writers. Closed after the test. */
export class CommandServer {
  readonly fixture: EmbeddedFixture;
  readonly bus = new MemoryBus();
  /** What a watcher of the thread heard: `sequence`, `~sequenceNumber`, or the notice's kind. */
  readonly heard: string[] = [];
  /** Names of steps in the order in which they were answered, a refusal with its code. */
  readonly left: string[] = [];
  #store: ThreadStore | null = null;
  #commands: ThreadCommands | null = null;
  #ids = 0;
  /** When it was opened last. */
  #steadyStart = 0;

  constructor(t: TestContext, limits: Partial<StoreLimits> = {}) {
    this.fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 1_000_000, ...limits } });
    this.bus.subscribe(key, (messages) => this.heard.push(...messages.map(summaryOf)));
    t.after(() => this.#store?.close());
  }

  /** Opens the directory, again after `close`, with one writer. */
  async open(options: { wrap?: StoreWrap; lanesMax?: number } = {}): Promise<this> {
    this.#steadyStart = this.fixture.clock.steadyNow();
    const store = await this.fixture.open();
    this.#store = options.wrap?.(store) ?? store;
    this.#commands = this.writer(options.lanesMax);
    return this;
  }

  /** Ends the process; what it had not made durable is gone, unless `power` stays. */
  async kill(power: "lost" | "stays" = "lost"): Promise<void> {
    const store = this.#store as EmbeddedStore | null;
    this.#store = null;
    if (power === "lost") await this.fixture.losePower(store);
    else await this.fixture.kill(store);
  }

  /** The first writer. */
  get commands(): ThreadCommands {
    if (this.#commands === null) throw new Error("the server is not open");
    return this.#commands;
  }

  /** Stops in order, as before a restart. */
  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = null;
  }

  get store(): ThreadStore {
    if (this.#store === null) throw new Error("the server is not open");
    return this.#store;
  }

  /** One more writer over the same store, as another server would be. */
  writer(lanesMax = 1_000): ThreadCommands {
    const { store, bus, fixture } = this;
    const newId = (prefix: string) => {
      this.#ids += 1;
      return `${prefix}_${this.#ids}`;
    };
    return new ThreadCommands({
      store,
      bus,
      clocks: () => {
        const { clock } = fixture;
        const steadyStart = this.#steadyStart;
        return { now: clock.now(), steadyNow: clock.steadyNow(), steadyStart };
      },
      newId,
      lanesMax,
    });
  }

  /** Gives a command of the first writer. Rejects with the DomainError that refuses it. */
  do({ by, command }: Step, threadId: string = key.threadId): Promise<CommandResult> {
    if (this.#commands === null) throw new Error("the server is not open");
    return this.#commands.execute({ ...key, threadId }, by, command);
  }

  /** Gives a command and notes in `left` when it is answered, and how. */
  give(name: string, step: Step): Promise<void> {
    return this.do(step).then(
      () => {
        this.left.push(name);
      },
      (refusal: DomainError) => {
        this.left.push(`${name} ${refusal.code}`);
      },
    );
  }

  /** Holds every flush of the journal from now on, until the returned function is called. */
  hold(): () => void {
    return this.fixture.files.hold("sync", /journal/);
  }

  /** The stored events of a thread, oldest first. */
  async events(threadId: string = key.threadId): Promise<StoredEvent[]> {
    const page = await this.store.readEvents({
      key: { ...key, threadId },
      rolloutId: null,
      from: 1,
      to: Number.MAX_SAFE_INTEGER,
      order: "asc",
      type: null,
      limit: 10_000,
      bytesMax: 100_000_000,
    });
    return page.lines.map((line) => JSON.parse(line.toString()));
  }
}

/** What tests look at in a stored event. */
export type StoredEvent = {
  readonly sequence: number;
  readonly type: string;
  readonly runId: string | null;
  readonly runSequence?: number;
  readonly payload: {
    readonly content?: string;
    readonly status?: string;
    readonly reason?: string;
    readonly resumed?: boolean;
  };
};

function summaryOf(message: BusMessage): string {
  if (message.kind === "event") return `${message.sequence}`;
  return message.kind === "transient" ? `~${message.frame.sequenceNumber}` : message.kind;
}
