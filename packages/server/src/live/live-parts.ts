/** What the live side needs of the rest of the server; put together in `app.ts`. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { DomainError } from "@spool/protocol/errors";
import type { Access } from "@spool/protocol/live-frames";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { PublishRequest } from "@spool/protocol/publish-parser";
import type { Thread } from "@spool/protocol/resources";
import { accessTo } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { LiveBus } from "./live-bus.ts";

/** Who is at the other end, and in which request. */
export type LiveCaller = { readonly principal: Principal; readonly requestId: string };

/** The store, the bus, and what `http` and `threads` do for live connections. */
export type LiveParts = {
  readonly store: ThreadStore;
  readonly bus: LiveBus;
  /** Checks headers, credential and rate; rejects with the DomainError that refuses the upgrade. */
  readonly authenticate: (request: IncomingMessage) => Promise<LiveCaller>;
  /** Whether a credential accepted earlier would still be. */
  readonly isLive: (principal: Principal) => boolean;
  /** Answers a refused upgrade in plain HTTP and ends the connection. */
  readonly refuse: (request: IncomingMessage, socket: Duplex, error: unknown) => void;
  /** The DomainError for whatever was thrown; logs what nobody foresaw. */
  readonly refusalOf: (error: unknown) => DomainError;
  /** Counts one request against the caller's limit; throws RATE_LIMITED. */
  readonly takeRate: (principal: Principal) => void;
  readonly publish: (caller: LiveCaller, request: PublishRequest) => Promise<PublishAnswer>;
  readonly threadView: (row: ThreadRow, access: Access) => Thread;
  /** A cursor of the events from `sequence` backwards; rollout null: of all rollouts. */
  readonly olderCursor: (
    principal: Principal,
    key: ThreadKey,
    from: { readonly rolloutId: string | null; readonly sequence: number },
  ) => string;
  /** ORG10: an admin looks at somebody else's thread. */
  readonly audit: (caller: LiveCaller, action: string, threadId: string) => void;
  readonly notFound: (threadId: string) => DomainError;
  /** Open sockets one key or person may have; the next is closed with 4429 (LIVE16). */
  readonly socketsPerKeyMax: number;
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two comparisons with the store; null for a bus that loses nothing. */
  readonly healMs: number | null;
  readonly heartbeatSeconds: number;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
};

/** A connection as the server keeps it alive and ends it: a WebSocket or an event stream. */
export interface LiveConnection {
  readonly caller: LiveCaller;
  /** When the peer was last heard of; infinite where it never says anything. */
  readonly lastHeardAt: number;
  ping(): void;
  close(code: number, reason: string): void;
  /** Resolves when the connection is gone. */
  closed(): Promise<void>;
  terminate(): void;
}

/** What a caller may see of a thread they want to watch. Rejects with THREAD_NOT_FOUND. */
export async function watchAccess(
  parts: LiveParts,
  caller: LiveCaller,
  threadId: string,
): Promise<Access> {
  const key = { orgId: caller.principal.orgId, threadId };
  const thread = (await parts.store.load(key))?.head.thread;
  if (thread === undefined || thread.deletedAt !== null) throw parts.notFound(threadId);
  const access = accessTo(caller.principal, thread);
  if (access === "none") throw parts.notFound(threadId);
  if (access === "metadata") parts.audit(caller, "thread.watch", threadId);
  return access;
}
