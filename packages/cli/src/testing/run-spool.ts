/**
 * Runs the command line as its users do: in a process of its own, with nothing of the environment
 * that a test does not give it. For tests only.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

/** What a command printed and how it ended. */
export type Finished = { readonly code: number | null; readonly out: string; readonly err: string };

/** Surroundings of a command. */
export type SpoolOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Buffer;
};

/** A command that may still run. */
export type Running = {
  readonly process: ChildProcess;
  /** What it printed so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves once its output holds the text; rejects when it ends or 20 s pass before. */
  readonly printed: (text: string | RegExp) => Promise<void>;
  readonly finished: Promise<Finished>;
};

/** Starts `spool` with these words. */
export function startSpool(words: readonly string[], options: SpoolOptions = {}): Running {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => {}).end(options.input ?? "");
  const finished = new Promise<Finished>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  const printed = (text: string | RegExp) => {
    const has = () => (typeof text === "string" ? out.includes(text) : text.test(out));
    return new Promise<void>((resolve, reject) => {
      const check = () => {
        if (has()) resolve();
      };
      check();
      child.stdout.on("data", check);
      const fail = () => has() || reject(new Error(`not printed: ${text}\n${out}\n${err}`));
      setTimeout(fail, 20_000).unref();
      void finished.then(fail);
    });
  };
  return { process: child, out: () => out, err: () => err, printed, finished };
}

/** Runs `spool` with these words to its end. */
export function runSpool(words: readonly string[], options: SpoolOptions = {}): Promise<Finished> {
  return startSpool(words, options).finished;
}

/** The lines of JSON in a text. */
export function jsonLines<T>(text: string): T[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
}
