/**
 * Tells of OpenCode's sessions as if each were a file (WATCH1): one that changed in the database is
 * found under `<database>#<session id>`. Looks at the newest sessions only, and not more often than
 * every quarter of a second, so that an answer being written costs little. Used by
 * `session-watch.ts`.
 */
import { statSync } from "node:fs";
import { printableLine } from "../printable-text.ts";
import type { Seen } from "./folder-scan.ts";
import { opencodeSessions } from "./opencode-database.ts";

/** What is told of a database. */
export type OpencodeListener = {
  /** `isLive`: it is not the first look. */
  readonly onSession: (path: string, seen: Seen, isLive: boolean) => void;
  /** It cannot be read: it is of another layout, or damaged. Told once. */
  readonly onProblem: (database: string, message: string) => void;
};

const lookMs = 250;
/** Sessions looked at after the first look; more are never at work at once. */
const newestCount = 16;
const databaseFile = /\/opencode(?:-[\w.-]+)?\.db(?:-wal)?$/;
const sessionName = /^(.+\.db)#(ses[\w-]+)$/;

/** Whether the path is OpenCode's database or its log. */
export function isOpencodeDatabase(path: string): boolean {
  return databaseFile.test(path);
}

/** The database and session that a name of ours stands for; null for a file's. */
export function opencodeSessionOf(path: string): { database: string; sessionId: string } | null {
  const [, database, sessionId] = sessionName.exec(path) ?? [];
  return database === undefined || sessionId === undefined ? null : { database, sessionId };
}

/** The sessions of any number of databases. */
export class OpencodeSessions {
  readonly #listener: OpencodeListener;
  readonly #told = new Set<string>();
  /** By database, its timer; null between looks. */
  readonly #looks = new Map<string, NodeJS.Timeout | null>();

  constructor(listener: OpencodeListener) {
    this.#listener = listener;
  }

  /** A database or its log is there, or has changed. */
  changed(path: string): void {
    const database = path.replace(/-wal$/, "");
    const timer = this.#looks.get(database);
    if (timer === undefined) this.#look(database, Number.MAX_SAFE_INTEGER);
    else if (timer === null) {
      const look = setTimeout(() => this.#look(database, newestCount), lookMs);
      this.#looks.set(database, look.unref());
    }
  }

  /** Looks at once where a look is due. */
  lookNow(): void {
    for (const [database, timer] of this.#looks) {
      if (timer === null) continue;
      clearTimeout(timer);
      this.#look(database, newestCount);
    }
  }

  #look(database: string, count: number): void {
    this.#looks.set(database, null);
    try {
      const { dev, ino } = statSync(database);
      for (const { id, updatedMs, bytes } of opencodeSessions(database, count)) {
        const seen = { dev, ino, size: bytes, mtimeMs: updatedMs };
        this.#listener.onSession(`${database}#${id}`, seen, count === newestCount);
      }
    } catch (error) {
      if (this.#told.has(database)) return;
      this.#told.add(database);
      const why = printableLine((error as Error).message);
      const instead = "publish what opencode export prints instead";
      this.#listener.onProblem(database, `cannot be read (${why}); ${instead}`);
    }
  }
}
