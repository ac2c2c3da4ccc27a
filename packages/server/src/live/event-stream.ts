/**
 * A thread's live stream as server-sent events (SSE1): the same session as on a WebSocket, with
 * another encoding. It ends where a WebSocket would be closed; an EventSource then comes back with
 * `Last-Event-ID`.
 */
import type { ServerResponse } from "node:http";
import type { Access } from "@spool/protocol/live-frames";
import type { LiveCaller, LiveConnection } from "./live-parts.ts";
import type { LiveShared } from "./live-socket.ts";
import { Outlet } from "./outlet.ts";
import { Session } from "./session.ts";
import { sseComment } from "./sse-frame.ts";
import type { WatchOptions } from "./watch-query.ts";

/** Who watches what. */
export type StreamOf = {
  readonly caller: LiveCaller;
  readonly threadId: string;
  readonly access: Access;
  readonly options: WatchOptions;
};

/** One open stream; it is live from its construction on. */
export class EventStream implements LiveConnection {
  readonly caller: LiveCaller;
  /** A stream's peer says nothing; a broken connection shows when something is written. */
  readonly lastHeardAt = Number.POSITIVE_INFINITY;
  readonly #response: ServerResponse;
  readonly #outlet: Outlet;
  readonly #session: Session;

  constructor(shared: LiveShared, of: StreamOf, response: ServerResponse) {
    const { parts, hub, snapshots } = shared;
    const { caller, threadId, access, options } = of;
    const key = { orgId: caller.principal.orgId, threadId };
    this.caller = caller;
    this.#response = response;
    this.#outlet = new Outlet(response, hub.scheduler);
    this.#session = new Session({
      key,
      access,
      options,
      outlet: this.#outlet,
      encoding: "sse",
      store: parts.store,
      bus: parts.bus,
      hub,
      snapshots,
      threadView: (row) => parts.threadView(row, access),
      olderCursor: (rolloutId, sequence) => {
        return parts.olderCursor(caller.principal, key, { rolloutId, sequence });
      },
      onEnd: ({ code, reason }) => this.close(code, reason),
      onError: parts.onError,
    });
    response.on("error", () => response.destroy());
    response.once("close", () => this.#session.end());
    void this.#session.start();
  }

  ping(): void {
    this.#outlet.write(sseComment);
  }

  close(_code: number, _reason: string): void {
    this.#session.end();
    this.#outlet.endTurn();
    this.#response.end();
  }

  closed(): Promise<void> {
    if (this.#response.closed) return Promise.resolve();
    return new Promise((resolve) => this.#response.once("close", () => resolve()));
  }

  terminate(): void {
    this.#response.destroy();
  }
}
