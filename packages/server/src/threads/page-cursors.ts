/**
 * Cursors of pages: each carries whose it is and its whole query, so that another caller's, another
 * thread's or one with a changed parameter is refused (PAGE4, PAGE5). Used by every paged read and,
 * for the cursor in its snapshot, by the live stream (PAGE9).
 */
import { DomainError } from "@spool/protocol/errors";
import type { CursorCodec } from "../auth/cursor-codec.ts";
import type { Principal } from "../auth/principal.ts";

/** What is paged. */
export type CursorKind = "threads" | "events" | "rollouts" | "runs" | "keys";

/** Who pages. */
export type CursorOwner = Pick<Principal, "orgId" | "userId">;

/** Where a page of events goes on. `rolloutId` null: over all rollouts. */
export type EventsCursor = {
  readonly threadId: string;
  readonly rolloutId: string | null;
  readonly order: "asc" | "desc";
  readonly type: string | null;
  /** The next page's first sequence. */
  readonly from: number;
};

/** Seals and opens the cursors of one server. */
export class PageCursors {
  readonly #codec: CursorCodec;

  constructor(codec: CursorCodec) {
    this.#codec = codec;
  }

  /** A cursor that only `owner` can use, for pages of `kind`. */
  seal(kind: CursorKind, owner: CursorOwner, query: object): string {
    const { orgId, userId } = owner;
    return this.#codec.seal({ kind, orgId, userId, query });
  }

  /** What `seal` was given. Throws INVALID_CURSOR for any other owner, kind or text. */
  open<T extends object>(kind: CursorKind, owner: CursorOwner, cursor: string): T {
    const sealed = this.#codec.open(cursor) as CursorOwner & { kind: CursorKind; query: T };
    const isOwn = sealed.orgId === owner.orgId && sealed.userId === owner.userId;
    if (!isOwn || sealed.kind !== kind) throw invalidCursor("is of another list");
    return sealed.query;
  }
}

/**
 * Throws INVALID_CURSOR when a parameter that was `given` beside a cursor differs from what the
 * cursor was made with. Those that were left out are undefined.
 */
export function requireRepeated(given: object, sealed: object): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === (sealed as Record<string, unknown>)[name]) continue;
    throw invalidCursor(`was made with another ${name}`);
  }
}

/** The refusal of a cursor that is good, but not here. */
export function invalidCursor(problem: string): DomainError {
  return new DomainError(
    "INVALID_CURSOR",
    `The cursor ${problem}; send it as it came, or start again from the first page.`,
  );
}
