/**
 * A watcher for tests: a plain WebSocket client that folds what it receives as any client would and
 * fails at the first hole, double or foreign frame (LIVE5). It waits for conditions, never for
 * durations, makes positions from the bytes it received (WIRE14), and can stop reading, drop, and
 * come back. Used by the tests of the live stream.
 */
import { crc32 } from "node:zlib";
import { WebSocket } from "ws";

/** How long a condition may take on a busy machine before the test fails. */
const patienceMs = 20_000;

/** A frame as text and parsed. */
export type ReceivedFrame = {
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: frames of every shape
  readonly frame: any;
};

/** A durable event; the text is as received, or printed again where it came in a snapshot. */
export type WatchedEvent = { readonly sequence: number; readonly text: string };

/** How a connection ended. */
export type Closed = { readonly code: number; readonly reason: string };

/** What a connection asks for. */
export type WatchRequest = {
  readonly threadId: string;
  /** Sent as X-API-Key; left out where the credential goes another way. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
};

type Waiter = {
  readonly holds: () => boolean;
  readonly settle: (problem: Error | null) => void;
  readonly what: string;
};

/** Connects to `server` and resolves with the snapshot received. Rejects when it is refused. */
export async function watch(
  server: { readonly url: string },
  request: WatchRequest,
): Promise<TestWatcher> {
  const watcher = new TestWatcher(server, request);
  await watcher.connect(request.query ?? {});
  return watcher;
}

/** One watcher over all its connections. */
export class TestWatcher {
  /** Frames of the connection at hand, the snapshot first. */
  frames: ReceivedFrame[] = [];
  /** What a client that keeps durable events holds now. */
  events: WatchedEvent[] = [];
  /** Of the last durable frame, or of the snapshot. */
  sequence = 0;
  pings = 0;
  /** Frames of all connections. */
  received = 0;
  /** Null while the connection at hand is open. */
  closed: Closed | null = null;

  readonly #server: { readonly url: string };
  readonly #request: WatchRequest;
  readonly #waiters = new Set<Waiter>();
  #socket: WebSocket | null = null;
  #position = "";
  #lastText: string | null = null;
  #problem: Error | null = null;

  constructor(server: { readonly url: string }, request: WatchRequest) {
    this.#server = server;
    this.#request = request;
  }

  /** The first frame. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into all of it
  get snapshot(): any {
    return this.frames[0]?.frame;
  }

  /** The frames behind the snapshot. */
  get tail(): ReceivedFrame[] {
    return this.frames.slice(1);
  }

  /** The socket, for tests that send. */
  get socket(): WebSocket {
    if (this.#socket === null) throw new Error("not connected");
    return this.#socket;
  }

  /** What `after` has to be for the stream to go on behind the last durable frame. */
  get position(): string {
    if (this.#lastText === null) return this.#position;
    return positionOfLine(this.sequence, this.#lastText);
  }

  /** Opens a connection; resolves with its first frame, rejects when there is none. */
  async connect(query: Readonly<Record<string, string>>): Promise<void> {
    if (query.after !== undefined) this.sequence = Number.parseInt(query.after, 10);
    this.frames = [];
    this.closed = null;
    const { url } = this.#server;
    const { threadId, key, headers, protocols } = this.#request;
    const address = `${url.replace("http", "ws")}/v1/threads/${threadId}/events`;
    const socket = new WebSocket(
      `${address}?${new URLSearchParams(query)}`,
      [...(protocols ?? [])],
      {
        headers: { ...(key === undefined ? {} : { "X-API-Key": key }), ...headers },
        perMessageDeflate: false,
      },
    );
    this.#socket = socket;
    this.#listen(socket);
    await this.until("a first frame", () => this.frames.length > 0);
  }

  /** Comes back behind the last durable frame, or where `query` says. */
  reconnect(query: Readonly<Record<string, string>> = { after: this.position }): Promise<void> {
    const { after: _, ...first } = this.#request.query ?? {};
    return this.connect({ ...first, ...query });
  }

  /** Resolves once `holds`; rejects when the socket closes first, or at a frame out of place. */
  until(what: string, holds: (watcher: this) => boolean): Promise<void> {
    return this.#wait(what, () => {
      if (holds(this)) return true;
      if (this.closed === null) return false;
      throw new Error(`closed with ${this.closed.code} before ${what}`);
    });
  }

  /** Resolves once the event of `sequence` is here. */
  untilSequence(sequence: number): Promise<void> {
    return this.until(`event ${sequence}`, () => this.sequence >= sequence);
  }

  /** Resolves with how the connection ended. */
  async untilClosed(): Promise<Closed> {
    await this.#wait("the end of the connection", () => this.closed !== null);
    return this.closed as Closed;
  }

  /** Stops reading the socket: what the server sends stays where it is. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Vanishes without a word. */
  async drop(): Promise<void> {
    // A socket that is not read tells of its end only when it is read again.
    this.resume();
    this.socket.terminate();
    await this.untilClosed();
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    this.socket.close(1000);
    await this.untilClosed();
  }

  /** Looks again at what is waited for, when something else than a frame has changed. */
  lookAgain(): void {
    for (const waiter of this.#waiters) {
      try {
        if (this.#problem !== null) throw this.#problem;
        if (!waiter.holds()) continue;
        this.#waiters.delete(waiter);
        waiter.settle(null);
      } catch (error) {
        this.#waiters.delete(waiter);
        waiter.settle(error as Error);
      }
    }
  }

  #wait(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`in vain: ${what}; at ${this.sequence}, ${this.frames.length} frames`));
      }, patienceMs);
      const settle = (problem: Error | null) => {
        clearTimeout(timer);
        if (problem === null) resolve();
        else reject(problem);
      };
      const waiter: Waiter = { what, holds, settle };
      this.#waiters.add(waiter);
      this.lookAgain();
    });
  }

  #listen(socket: WebSocket): void {
    const ifCurrent = (act: () => void) => {
      if (socket !== this.#socket) return;
      act();
      this.lookAgain();
    };
    socket.on("message", (data) => ifCurrent(() => this.#take(String(data))));
    socket.on("ping", () =>
      ifCurrent(() => {
        this.pings += 1;
      }),
    );
    socket.on("error", () => undefined); // the close that follows tells what matters
    socket.on("close", (code, reason) =>
      ifCurrent(() => {
        this.closed = { code, reason: String(reason) };
      }),
    );
  }

  #take(text: string): void {
    const frame = JSON.parse(text);
    this.frames.push({ text, frame });
    this.received += 1;
    if (frame.threadId !== this.#request.threadId) this.#fail("is of another thread", text);
    if (this.frames.length === 1) this.#takeSnapshot(frame, text);
    else if (frame.type === "snapshot") this.#fail("is a second snapshot", text);
    else if (typeof frame.sequence === "number") this.#takeEvent(frame.sequence, text);
  }

  // biome-ignore lint/suspicious/noExplicitAny: checked by the tests of the snapshot
  #takeSnapshot(frame: any, text: string): void {
    if (frame.type !== "snapshot") {
      this.#fail("comes before the snapshot", text);
      return;
    }
    if (!frame.resumed) this.events = [];
    let next = frame.resumed ? this.sequence + 1 : frame.events[0]?.sequence;
    for (const event of frame.events) {
      if (event.sequence !== next) this.#fail(`holds ${event.sequence} in place of ${next}`, text);
      next += 1;
      this.events.push({ sequence: event.sequence, text: JSON.stringify(event) });
    }
    const isMisnumbered = frame.events.length > 0 && frame.sequence !== next - 1;
    if (isMisnumbered) this.#fail(`does not end at its sequence ${frame.sequence}`, text);
    this.sequence = frame.sequence;
    this.#position = frame.position;
    this.#lastText = null;
  }

  #takeEvent(sequence: number, text: string): void {
    // An admin on another's thread does not see every event (LIVE10).
    const isNext = sequence === this.sequence + 1;
    const isLater = this.snapshot.access === "metadata" && sequence > this.sequence;
    if (!isNext && !isLater) this.#fail(`is ${sequence} behind ${this.sequence}`, text);
    this.sequence = sequence;
    this.#lastText = text;
    this.events.push({ sequence, text });
  }

  #fail(problem: string, text: string): void {
    this.#problem ??= new Error(`a frame ${problem}: ${text.slice(0, 200)}`);
  }
}

/** The position behind a line, as a client makes it (WIRE14). */
export function positionOfLine(sequence: number, line: string): string {
  return `${sequence}.${crc32(line).toString(16).padStart(8, "0")}`;
}
