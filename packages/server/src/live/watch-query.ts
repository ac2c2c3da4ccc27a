/** The query of a live connection: where to resume, and what to leave out (LIVE3, LIVE9). Pure. */
import { DomainError } from "@spool/protocol/errors";

/** A point in a history; `crc` null where the client knows only the sequence (WIRE14). */
export type After = { readonly sequence: number; readonly crc: number | null };

/** What a watcher asked for; `after` null: a full snapshot. */
export type WatchOptions = {
  readonly after: After | null;
  readonly transient: boolean;
  readonly allRollouts: boolean;
};

/** Parameters that carry the credential; `credentials.ts` has looked at them. */
const credentialParameters = new Set(["api_key", "token"]);

/** The query of a socket on a thread's address; `watch` false: for publishing alone (LIVE18). */
export type SocketOptions = WatchOptions & { readonly watch: boolean };

/** Reads the query. Throws INVALID_REQUEST, or INVALID_CURSOR for an `after` that is none. */
export function parseWatchQuery(query: URLSearchParams): SocketOptions {
  let options: SocketOptions = { after: null, transient: true, allRollouts: false, watch: true };
  for (const name of new Set(query.keys())) {
    if (credentialParameters.has(name)) continue;
    const [value, ...more] = query.getAll(name) as [string, ...string[]];
    if (more.length > 0) throw invalid(`The parameter ${name} may be given once.`);
    if (name === "after") options = { ...options, after: parseAfter(value) };
    else if (name === "transient") options = { ...options, transient: parseFlag(name, value) };
    else if (name === "watch") options = { ...options, watch: parseFlag(name, value) };
    else if (name === "include" && value === "all_rollouts") {
      options = { ...options, allRollouts: true };
    } else if (name === "include") {
      throw invalid("The parameter include takes all_rollouts only.");
    } else {
      throw invalid(
        `There is no parameter ${JSON.stringify(name.slice(0, 64))} here; ` +
          "after, transient, include and watch are known.",
      );
    }
  }
  return options;
}

/** A sequence or a position. Throws INVALID_CURSOR. */
export function parseAfter(text: string): After {
  const match = /^(0|[1-9]\d{0,15})(?:\.([0-9a-f]{8}))?$/.exec(text);
  if (match === null) {
    throw new DomainError(
      "INVALID_CURSOR",
      "after is a sequence such as 42, or a position such as 42.1a2b3c4d, as received.",
      { details: { reason: "malformed" } },
    );
  }
  const crc = match[2] === undefined ? null : Number.parseInt(match[2], 16);
  return { sequence: Number(match[1]), crc };
}

function parseFlag(name: string, value: string): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw invalid(`The parameter ${name} is true or false.`);
}

function invalid(message: string): DomainError {
  return new DomainError("INVALID_REQUEST", message);
}
