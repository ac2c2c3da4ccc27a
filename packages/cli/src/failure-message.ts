/**
 * A failure as one line that says what to do. Called by `main.ts` for whatever a command threw,
 * and by commands that go on after a failure.
 */
import { SpoolError } from "@spool/client/spool-error";
import { CommandError } from "./command-error.ts";
import { printableLine } from "./printable-text.ts";

/** The line, without the program's name; `url` is the server's address. */
export function failureMessage(error: unknown, url: string): string {
  return printableLine(wordsOf(error, url));
}

function wordsOf(error: unknown, url: string): string {
  if (error instanceof SpoolError) return serverWords(error, url);
  if (error instanceof CommandError) return error.message;
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${path} does not exist`;
  if (code === "EACCES") return `${path} may not be read`;
  if (code === "EISDIR") return `${path ?? "it"} is a directory; name the files in it`;
  return message ?? String(error);
}

function serverWords(error: SpoolError, url: string): string {
  switch (error.code) {
    case "NO_ANSWER":
      return error.message.endsWith("ECONNREFUSED")
        ? `no server answers at ${url}; start one with npm start, or name another with --url`
        : `${error.message}; name another server with --url`;
    case "INVALID_CREDENTIALS":
      return `${url} does not know this API key; name another with --api-key or SPOOL_API_KEY`;
    case "THREAD_NOT_FOUND":
      return "there is no such thread; spool threads list shows yours";
    case "THREAD_BUSY":
      return busyWords(error);
    case "INTERNAL":
      return `${error.message} (request ${error.requestId})`;
    default:
      return error.message;
  }
}

function busyWords(error: SpoolError): string {
  const { activeRunId } = error.details;
  return typeof activeRunId === "string"
    ? `${error.message} (active: ${activeRunId}; spool threads cancel ends it)`
    : error.message;
}
