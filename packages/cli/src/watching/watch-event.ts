/**
 * What a watch tells, as one union: as it is for programs, as lines for people. Pure; used by
 * `spool publish --watch` and `spool attach`.
 */
import { printableLine } from "../printable-text.ts";

/** Something worth telling. Texts are ready for people, one line each. */
export type WatchEvent =
  | {
      readonly type: "watching";
      readonly folders: readonly { agent: string; folder: string; exists: boolean }[];
    }
  | { readonly type: "found"; readonly files: number; readonly bytes: number }
  | {
      readonly type: "published";
      readonly file: string;
      readonly threadId: string;
      readonly title: string | null;
      readonly appended: number;
      readonly duplicates: number;
    }
  | {
      readonly type: "caught_up";
      readonly files: number;
      readonly appended: number;
      readonly redacted: number;
      readonly seconds: number;
    }
  | { readonly type: "waiting"; readonly code: string; readonly message: string }
  | { readonly type: "resumed" }
  | {
      readonly type: "left_out" | "delayed";
      readonly file: string;
      readonly threadId: string;
      readonly runId: string | null;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: "problem"; readonly file: string; readonly message: string }
  | { readonly type: "stopped"; readonly appended: number; readonly redacted: number };

/** The lines for people; none for what would only be noise. `isLive`: the backlog is published. */
export function watchLines(event: WatchEvent, isNewThread: boolean): string[] {
  switch (event.type) {
    case "watching":
      return event.folders.map(({ agent, folder, exists }) => {
        return `watching ${folder} (${agent}${exists ? "" : ", not there yet"})`;
      });
    case "found":
      return [`${files(event.files)}, ${megabytes(event.bytes)} to look at`];
    case "published":
      return isNewThread ? [`live: ${named(event.threadId, event.title)}`] : [];
    case "caught_up": {
      const { appended, seconds } = event;
      const took = `${files(event.files)}, ${events(appended)} added in ${seconds.toFixed(1)} s`;
      return [`up to date: ${took}${masked(event.redacted)}; following`];
    }
    case "waiting":
      return [
        `waiting: ${event.message.replace(/\.$/, "")}; nothing is lost, sending goes on by itself`,
      ];
    case "resumed":
      return ["the server answers again"];
    case "left_out": {
      const what = event.runId === null ? event.threadId : `${event.runId} of ${event.threadId}`;
      return [`left out: ${what}: ${event.message}`];
    }
    case "delayed":
      return [`waiting: ${event.threadId}: ${event.message}`];
    case "problem":
      return [`${printableLine(event.file)}: ${event.message}`];
    case "stopped":
      return [`stopped: ${events(event.appended)} added${masked(event.redacted)}`];
  }
}

function named(threadId: string, title: string | null): string {
  return title === null ? threadId : `${threadId} "${printableLine(title)}"`;
}

function files(count: number): string {
  return count === 1 ? "1 session file" : `${count} session files`;
}

function events(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}

function masked(count: number): string {
  if (count === 0) return "";
  return count === 1 ? ", 1 secret masked" : `, ${count} secrets masked`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
