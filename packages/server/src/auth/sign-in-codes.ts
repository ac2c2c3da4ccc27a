/**
 * One-time codes that sign a browser in (AUTH22): the link that a start prints carries one. They
 * live in this process's memory only, as digests, for 10 minutes. Guarantees that of any number of
 * uses one succeeds. Made by `app.ts`, used by the sign-in routes.
 */
import { signInCodeSeconds } from "@spool/protocol/limits";
import type { RandomBytes } from "./accounts-db.ts";
import { DigestMap, digestOf } from "./digest-map.ts";

/** Codes that wait for their use; past it the oldest is void. */
const waitingMax = 16;

type Waiting = { readonly keyId: string; readonly madeAt: number };

/** The codes of one server. */
export class SignInCodes {
  readonly #now: () => number;
  readonly #randomBytes: RandomBytes;
  readonly #waiting = new DigestMap<Waiting>(waitingMax);

  /** `now` in milliseconds since the epoch. */
  constructor(options: { readonly now: () => number; readonly randomBytes: RandomBytes }) {
    this.#now = options.now;
    this.#randomBytes = options.randomBytes;
  }

  /** A new code for the key `keyId`: 24 bytes of randomness, which no guessing finds. */
  make(keyId: string): string {
    const code = `rt_code_${this.#randomBytes(24).toString("base64url")}`;
    this.#waiting.set(digestOf(code), { keyId, madeAt: this.#now() });
    return code;
  }

  /**
   * Uses `code`: what `use` gives for the code's key, or null when there is no such code any more.
   * Compared in constant time. When `use` throws, the code may be used again.
   */
  redeem<T>(code: string, use: (keyId: string) => T): T | null {
    const digest = digestOf(code);
    const waiting = this.#waiting.get(digest);
    if (waiting === undefined) return null;
    // The distance: a clock that was set back must not stretch a code's life for long.
    const age = Math.abs(this.#now() - waiting.madeAt);
    const answer = age < signInCodeSeconds * 1_000 ? use(waiting.keyId) : null;
    this.#waiting.delete(digest);
    return answer;
  }
}
