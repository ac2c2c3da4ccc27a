/**
 * A bounded map from secrets to values that never holds a secret, only its SHA-256. Used on the
 * path of every request, for API keys and for session tokens: a hit costs under 1 µs.
 */
import { hash, timingSafeEqual } from "node:crypto";

/** Hex digits of the digest that find the entry; the rest is compared in constant time. */
const slotDigits = 16;

type Entry<V> = { readonly digest: Buffer; readonly value: V };

/** The SHA-256 of a secret in hex, as the map and the database know it. */
export function digestOf(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** Maps digests made by `digestOf` to values; past `sizeMax` the oldest entry makes room. */
export class DigestMap<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value stored under `digest`, or undefined. */
  get(digest: string): V | undefined {
    const entry = this.#entries.get(digest.slice(0, slotDigits));
    if (entry === undefined) return undefined;
    return timingSafeEqual(entry.digest, Buffer.from(digest, "latin1")) ? entry.value : undefined;
  }

  /** Stores `value`; an entry that begins with the same digits is replaced. */
  set(digest: string, value: V): void {
    const slot = digest.slice(0, slotDigits);
    if (this.#entries.size >= this.#sizeMax && !this.#entries.has(slot)) this.#dropOldest();
    this.#entries.set(slot, { digest: Buffer.from(digest, "latin1"), value });
  }

  delete(digest: string): void {
    this.#entries.delete(digest.slice(0, slotDigits));
  }

  clear(): void {
    this.#entries.clear();
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
