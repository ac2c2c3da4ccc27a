/**
 * Which threads refuse writes because stored bytes of theirs are not what was written, and why
 * (LOG10). Kept in `damage.json`, so that a restart does not forget it once the journal that showed
 * it is worked off; journal segments that hold lines of such threads are set aside, not removed.
 */
import { damageFile } from "./data-paths.ts";
import { type FileSystem, replaceFile } from "./file-system.ts";

type DamageJson = { readonly all: string | null; readonly threads: Record<string, string> };

/** What is known to be damaged. `read` comes first; `save` makes what was added last. */
export class Damage {
  readonly #files: FileSystem;
  readonly #dataDir: string;
  readonly #log: (line: string) => void;
  readonly #threads = new Map<string, string>();
  readonly #segments = new Set<number>();
  #all: string | null = null;
  #saved = true;

  constructor(parts: { files: FileSystem; dataDir: string; log: (line: string) => void }) {
    this.#files = parts.files;
    this.#dataDir = parts.dataDir;
    this.#log = parts.log;
  }

  /** Why every thread refuses writes, or null. */
  get all(): string | null {
    return this.#all;
  }

  /** Why this thread (`keyText`) refuses writes, or null. */
  of(thread: string): string | null {
    return this.#all ?? this.#threads.get(thread) ?? null;
  }

  /** Whether damage is known of this thread in particular. */
  has(thread: string): boolean {
    return this.#threads.has(thread);
  }

  /** Notes damage of a thread (`keyText`), or of unknown ones (null), and tells the operator. */
  add(thread: string | null, why: string): void {
    const known = thread === null ? this.#all : this.#threads.get(thread);
    if (known != null) return;
    if (thread === null) this.#all = why;
    else this.#threads.set(thread, why);
    this.#saved = false;
    this.#log(`damaged: ${thread ?? "unknown threads"}: ${why}`);
  }

  /** The segment holds lines that could not be used: it is not to be removed. */
  holdSegment(segment: number): void {
    this.#segments.add(segment);
  }

  holdsSegment(segment: number): boolean {
    return this.#segments.has(segment);
  }

  /** Reads what an earlier process noted. */
  async read(): Promise<void> {
    const file = damageFile(this.#dataDir);
    const bytes = await this.#files.readFile(file);
    if (bytes === null) return;
    const json = decodeDamage(bytes);
    if (json === null) {
      this.add(null, `${file} cannot be read. Restore it, or remove it if nothing is damaged.`);
      return;
    }
    if (json.all !== null) this.add(null, json.all);
    for (const [thread, why] of Object.entries(json.threads)) this.add(thread, why);
    this.#saved = true;
  }

  /** Resolves when everything noted is on stable storage. */
  async save(): Promise<void> {
    if (this.#saved) return;
    this.#saved = true;
    const json: DamageJson = { all: this.#all, threads: Object.fromEntries(this.#threads) };
    const bytes = Buffer.from(`${JSON.stringify(json, null, 2)}\n`);
    try {
      await replaceFile(this.#files, damageFile(this.#dataDir), bytes);
    } catch (error) {
      this.#saved = false;
      throw error;
    }
  }
}

function decodeDamage(bytes: Buffer): DamageJson | null {
  try {
    const { all, threads } = JSON.parse(bytes.toString("utf8"));
    const sound = (all === null || typeof all === "string") && typeof threads === "object";
    return sound && threads !== null ? { all, threads } : null;
  } catch {
    return null; // told to the operator, and nothing is written meanwhile
  }
}
