/**
 * The server's own log: one JSON line per entry on standard error, written by pino. pino is loaded
 * with the first line that is really written, so that a quiet start does not pay for it. Whoever
 * logs a URL or text of a request redacts it first (AUTH17).
 */
import { createRequire } from "node:module";
import type { Logger } from "pino";

/** How much is logged, most first. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** One of `logLevels`. */
export type LogLevel = (typeof logLevels)[number];

/** Facts beside a message; an `err` field is printed with its stack. */
export type LogFields = { readonly [name: string]: unknown };

/** Where the server's parts report what no caller hears of. */
export interface Log {
  /** Whether `debug` writes anything, for callers that would have to prepare much. */
  readonly debugs: boolean;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

type Level = Exclude<LogLevel, "silent">;

const standardError = 2;

/** A log that writes entries of `level` and above. */
export function createLog(level: LogLevel): Log {
  let logger: Logger | undefined;
  const writerOf = (own: Level) => {
    if (logLevels.indexOf(own) < logLevels.indexOf(level)) return () => {};
    return (fields: LogFields, message: string) => {
      logger ??= openLogger(level);
      logger[own](fields, message);
    };
  };
  return {
    debugs: level === "debug",
    debug: writerOf("debug"),
    info: writerOf("info"),
    warn: writerOf("warn"),
    error: writerOf("error"),
  };
}

function openLogger(level: LogLevel): Logger {
  const { pino } = createRequire(import.meta.url)("pino") as typeof import("pino");
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, pino.destination({ fd: standardError, sync: true }));
}
