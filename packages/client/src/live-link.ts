/**
 * One `/v1/live` socket for whatever a client does live: kept up while somebody needs it, opened
 * again when it is lost. Guarantees that every answer finds its asker or the asker hears that the
 * connection is lost. Used by `LiveClient` and `Publisher`.
 *
 *   attach ─▶ connecting ──open──▶ live ──closed──▶ offline ──back-off──▶ connecting …
 *                 │                  │ members: connected()   members: lost(end)
 *                 └─ refused for good: members: failed(error) ─▶ idle
 */
import { BackOff, sleep } from "./back-off.ts";
import { closeCodes, type LiveEnd, openSocket, type Socket } from "./open-socket.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { SpoolClient } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";

/** Where the connection stands; `idle` while nobody needs it, or when it was refused for good. */
export type LinkState =
  | { readonly state: "idle" }
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "offline"; readonly reason: string; readonly retryInMs: number };

/** Somebody who needs the connection. */
export type LinkMember = {
  /** It is there, again perhaps: nothing that was said before counts. */
  readonly connected: () => void;
  /** It was there and is lost; no answer to what was asked will come. */
  readonly lost: (end: LiveEnd) => void;
  /** It is refused for good; the member is no longer attached. */
  readonly failed: (error: SpoolError) => void;
};

/** What the server sent, parsed. */
export type LinkFrame = { readonly type: string; readonly [name: string]: unknown };

/** Takes a frame and its text. */
export type FrameHandler = (frame: LinkFrame, text: string) => void;

/** How to keep the connection. */
export type LinkOptions = {
  /** Hears each change of state. */
  readonly onState?: ((state: LinkState) => void) | undefined;
  /** After so long without a frame the server is asked for one (20,000). */
  readonly silenceMs?: number | undefined;
  /** After `retryNow` an answer must come within so long, or the connection is given up (3,000). */
  readonly doubtMs?: number | undefined;
  /** Numbers from 0 to below 1, for the jitter. */
  readonly random?: (() => number) | undefined;
};

const delays = { firstMs: 250, maxMs: 15_000 } as const;
/** A connection that lived so long was a success: the next failure begins with the first delay. */
const settledMs = 5_000;
/** Nobody watches this thread: to unsubscribe from it changes nothing, and is answered. */
const probeThreadId = "thr_-_probe_of_the_client_library_-";

/** The connection. */
export class LiveLink {
  readonly #client: SpoolClient;
  readonly #options: LinkOptions;
  readonly #members = new Set<LinkMember>();
  readonly #answers = new Map<number, FrameHandler>();
  readonly #handlers = new Map<string, Set<FrameHandler>>();
  #probes: (() => void)[] = [];
  #socket: Socket | null = null;
  #stop: AbortController | null = null;
  /** Ends the wait for the next attempt. */
  #wait = new AbortController();
  /** Gives the open socket up unless something comes in time. */
  #doubt: () => void = () => {};
  #state: LinkState = { state: "idle" };
  #lastId = 0;

  constructor(client: SpoolClient, options: LinkOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether something said now goes out. */
  get isLive(): boolean {
    return this.#socket !== null;
  }

  /** Keeps the connection up for the member, until the function that is returned is called. */
  attach(member: LinkMember): () => void {
    this.#members.add(member);
    if (this.#stop === null) {
      this.#stop = new AbortController();
      void this.#keepUp(this.#stop.signal);
    } else if (this.isLive) {
      queueMicrotask(() => this.#members.has(member) && this.isLive && member.connected());
    }
    return () => {
      this.#members.delete(member);
      if (this.#members.size === 0) this.#end();
    };
  }

  /** Resolves when the connection is there; rejects when it is refused or `signal` is aborted. */
  async live(signal?: AbortSignal): Promise<void> {
    if (this.isLive) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (end: () => void) => () => {
        signal?.removeEventListener("abort", stop);
        detach();
        end();
      };
      const stop = () => settle(() => reject(signal?.reason))();
      const detach = this.attach({
        connected: settle(resolve),
        lost: () => {},
        failed: (error) => settle(() => reject(error))(),
      });
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted) stop();
    });
  }

  /**
   * Something happened that may have ended the trouble, or the connection: the network is back, the
   * machine woke up. While it waits for its next attempt it tries at once; while it is live, the
   * server is asked, and without an answer within `doubtMs` the connection counts as lost.
   */
  retryNow(): void {
    if (this.isLive) this.#doubt();
    else this.#wait.abort();
  }

  /** Says something; lost without a word while the connection is not there. */
  send(text: string): void {
    this.#socket?.send(text);
  }

  /** Says something with a number; `onAnswer` gets the frame that answers it, unless it is lost. */
  ask(textOf: (id: number) => string, onAnswer: FrameHandler): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#answers.set(id, onAnswer);
    this.send(textOf(id));
    return id;
  }

  /** No answer is wanted any more. */
  forget(id: number): void {
    this.#answers.delete(id);
  }

  /** Resolves when the server has taken everything said before; never, when that is lost. */
  probe(): Promise<void> {
    return new Promise((resolve) => {
      this.#probes.push(resolve);
      this.send(JSON.stringify({ type: "unsubscribe", threadId: probeThreadId }));
    });
  }

  /** Frames that answer nothing, by `topicOf`; ends when the returned function is called. */
  hear(topic: string, handler: FrameHandler): () => void {
    const handlers = this.#handlers.get(topic) ?? new Set();
    this.#handlers.set(topic, handlers.add(handler));
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0 && this.#handlers.get(topic) === handlers) {
        this.#handlers.delete(topic);
      }
    };
  }

  /** Whether anybody hears a topic. */
  hears(topic: string): boolean {
    return this.#handlers.has(topic);
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = null;
    this.#setState({ state: "idle" });
  }

  #setState(state: LinkState): void {
    if (state.state === "idle" && this.#state.state === "idle") return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  async #keepUp(stop: AbortSignal): Promise<void> {
    const backOff = new BackOff(delays, this.#options.random);
    while (!stop.aborted) {
      this.#wait = new AbortController();
      this.#setState({ state: "connecting" });
      const startedAt = performance.now();
      const end = await this.#connection(stop);
      const livedMs = performance.now() - startedAt;
      if (stop.aborted) return;
      if (end.opened) for (const { lost } of [...this.#members]) lost(end);
      const reason = await this.#reasonOf(end, AbortSignal.any([stop, this.#wait.signal]));
      if (stop.aborted) return;
      if (typeof reason !== "string") return this.#fail(reason);
      // Whatever `retryNow` was told of, the failures before it say nothing about what comes.
      const isTold = this.#wait.signal.aborted;
      if (isTold || livedMs > settledMs) backOff.reset();
      const isShutdown = end.opened && end.code === closeCodes.shutdown;
      const retryInMs = isTold || isShutdown ? 0 : backOff.nextMs();
      this.#setState({ state: "offline", reason, retryInMs });
      // An abort ends the wait, `stop` the loop as well.
      await sleep(retryInMs, AbortSignal.any([stop, this.#wait.signal])).catch(() => {});
      if (this.#wait.signal.aborted) backOff.reset();
    }
  }

  /** One socket, from its start to its end. */
  async #connection(stop: AbortSignal): Promise<LiveEnd> {
    let socket: Socket;
    try {
      socket = await openSocket(this.#client.http, "/v1/live");
    } catch {
      // The credential could not be had: asking for it again tells why.
      return { code: closeCodes.lost, opened: false, overflowed: false };
    }
    return new Promise((resolve) => {
      let opened = false;
      const { silenceMs, doubtMs } = this.#options;
      const ask = () => void this.probe();
      const giveUp = () => finish(closeCodes.lost);
      const watch = new SilenceWatch({ silenceMs, doubtMs, ask, giveUp });
      const finish = (code: number) => {
        watch.stop();
        stop.removeEventListener("abort", abort);
        socket.onopen = socket.onclose = socket.onmessage = null;
        socket.close(closeCodes.normal);
        if (this.#socket === socket) this.#disconnected();
        resolve({ code, opened, overflowed: false });
      };
      const abort = () => finish(closeCodes.normal);
      this.#doubt = () => watch.doubt();
      socket.onopen = () => {
        opened = true;
        watch.heard();
        this.#connected(socket);
      };
      socket.onmessage = ({ data }) => {
        watch.heard();
        const text = String(data);
        const frame = parsedFrame(text);
        if (frame === null) finish(closeCodes.lost);
        else this.#receive(frame, text);
      };
      socket.onclose = ({ code }) => finish(code);
      stop.addEventListener("abort", abort, { once: true });
      if (stop.aborted) abort();
    });
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    this.#setState({ state: "live" });
    for (const member of [...this.#members]) if (this.#members.has(member)) member.connected();
  }

  #disconnected(): void {
    this.#socket = null;
    this.#answers.clear();
    this.#probes = [];
  }

  #receive(frame: LinkFrame, text: string): void {
    const { id, type } = frame;
    if ((type === "published" || type === "error") && typeof id === "number") {
      const onAnswer = this.#answers.get(id);
      this.#answers.delete(id);
      onAnswer?.(frame, text);
    } else if (type === "unsubscribed" && frame.threadId === probeThreadId) {
      this.#probes.shift()?.();
    } else {
      for (const handler of this.#handlers.get(topicOf(frame)) ?? []) handler(frame, text);
    }
  }

  /** Why the connection ended, for people; an error when it will end so every time. */
  async #reasonOf(end: LiveEnd, signal: AbortSignal): Promise<string | SpoolError> {
    if (end.opened && end.code !== closeCodes.expired) return `connection closed (${end.code})`;
    try {
      // A refused upgrade tells a WebSocket nothing; a question over REST is answered.
      const { scopes } = await this.#client.account.me({ signal });
      const isEnough = scopes.some((scope) => scope === "*" || scope.startsWith("agent:"));
      return isEnough ? "the live connection was refused" : insufficientScope();
    } catch (error) {
      const isForGood = error instanceof SpoolError && !error.mayPass && error.status < 500;
      return isForGood ? error : String((error as Error).message);
    }
  }

  #fail(error: SpoolError): void {
    const members = [...this.#members];
    this.#members.clear();
    this.#end();
    for (const { failed } of members) failed(error);
  }
}

/** Of a run's cancellation, of the thread list, or of watched threads. */
export function topicOf(frame: LinkFrame): string {
  if (frame.type === "run_cancel_requested") return cancelTopic(frame.threadId, frame.runId);
  return frame.list === true ? "list" : "threads";
}

/** The topic of one run's cancellation. */
export function cancelTopic(threadId: unknown, runId: unknown): string {
  return `cancel ${threadId} ${runId}`;
}

function parsedFrame(text: string): LinkFrame | null {
  try {
    return JSON.parse(text) as LinkFrame;
  } catch {
    // Not Spool's: the caller gives the connection up.
    return null;
  }
}

function insufficientScope(): SpoolError {
  const details = { required: "agent:read" };
  const fields = { code: "INSUFFICIENT_SCOPE", status: 403, details };
  return new SpoolError("the live connection needs the scope agent:read or agent:run", fields);
}
