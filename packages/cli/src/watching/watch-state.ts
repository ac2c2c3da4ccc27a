/**
 * How far each file was published, kept between starts: one small JSON file per server and user,
 * replaced whole. It only saves work: without it, or with an old one, files are read again and the
 * server is asked what it holds. So a damaged one is dropped, and a full disk costs nothing but
 * that. Used by `session-watch.ts` (WATCH4).
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Environment } from "../command-context.ts";
import type { Published } from "./file-plan.ts";

/** Files by path. */
export type PublishedFiles = Map<string, Published>;

/** What a state belongs to: the server's signing keys tell an installation from another there. */
export type StateOwner = {
  readonly url: string;
  readonly orgId: string;
  readonly userId: string;
  readonly keyIds: readonly string[];
};

const version = 1;
const fields = ["dev", "ino", "position", "mtimeMs"] as const;

/** Where states lie: the XDG state folder. */
export function stateFolder(home: string, environment: Environment): string {
  return join(environment.XDG_STATE_HOME || join(home, ".local", "state"), "spool");
}

/** The state of one server and user. */
export class WatchState {
  readonly path: string;
  readonly #owner: StateOwner;

  constructor(folder: string, owner: StateOwner) {
    const { url, orgId, userId } = owner;
    const digest = createHash("sha256")
      .update(JSON.stringify([url, orgId, userId]))
      .digest("hex");
    this.path = join(folder, `publish-${digest.slice(0, 16)}.json`);
    this.#owner = owner;
  }

  /** What was kept; empty without a file, and with `dropped` saying why where it cannot be used. */
  load(): { readonly files: PublishedFiles; readonly dropped: string | null } {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return { files: new Map(), dropped: code === "ENOENT" ? null : `cannot be read (${code})` };
    }
    return this.#parsed(text);
  }

  /** Replaces the file. Throws the system's error. */
  save(files: PublishedFiles): void {
    const { keyIds } = this.#owner;
    const kept = { version, keyIds, files: Object.fromEntries(files) };
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const temporary = `${this.path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(kept), { mode: 0o600 });
    renameSync(temporary, this.path);
  }

  #parsed(text: string): { files: PublishedFiles; dropped: string | null } {
    const none = (dropped: string) => ({ files: new Map<string, Published>(), dropped });
    let value: { version?: unknown; keyIds?: unknown; files?: unknown };
    try {
      value = JSON.parse(text) ?? {};
    } catch {
      // Cut or damaged: the server knows the rest.
      return none("is damaged");
    }
    if (value.version !== version || typeof value.files !== "object") return none("is damaged");
    const known: unknown[] = Array.isArray(value.keyIds) ? value.keyIds : [];
    if (!this.#owner.keyIds.some((id) => known.includes(id))) {
      return none("is of another server at this address");
    }
    const entries = Object.entries(value.files ?? {}).filter(([, file]) => isPublished(file));
    return { files: new Map(entries as [string, Published][]), dropped: null };
  }
}

function isPublished(value: unknown): value is Published {
  if (typeof value !== "object" || value === null) return false;
  return fields.every((name) => Number.isFinite((value as Record<string, unknown>)[name]));
}
