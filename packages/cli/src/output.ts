/**
 * Where commands print: results to standard output, everything else to standard error. Waits for
 * slow readers; a reader that went away (`| head`) ends the output, not the command's work.
 */
import type { WriteStream } from "node:tty";

/** Standard output and standard error of this process. */
export class Output {
  readonly #out: WriteStream;
  readonly #error: WriteStream;
  readonly #closed = new AbortController();

  constructor(out: WriteStream, error: WriteStream) {
    this.#out = out;
    this.#error = error;
    out.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.#closed.abort();
    });
    // Nobody reads the notes any more; the exit code still tells how it went.
    this.#error.on("error", () => {});
  }

  /** Whether results go to a terminal. */
  get isTerminal(): boolean {
    return this.#out.isTTY === true;
  }

  /** Whether notes go to a terminal. */
  get notesToTerminal(): boolean {
    return this.#error.isTTY === true;
  }

  /** Columns of the terminal; null where there is none. */
  get columns(): number | null {
    return this.isTerminal ? this.#out.columns : null;
  }

  /** Columns where notes go, 80 where that is no terminal. */
  get noteColumns(): number {
    return this.#error.columns ?? 80;
  }

  /** Aborted once nobody reads standard output any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Writes a piece of result; resolves when more may come. */
  write(text: string | Uint8Array): Promise<void> {
    if (this.closed.aborted || this.#out.write(text)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#out.off("drain", done);
        this.closed.removeEventListener("abort", done);
        resolve();
      };
      this.#out.once("drain", done);
      this.closed.addEventListener("abort", done);
    });
  }

  /** Writes lines of result. */
  print(...lines: string[]): Promise<void> {
    return this.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** Writes one value as a line of JSON. */
  json(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value));
  }

  /** Writes a line that is no result: a note, a warning, a failure. */
  note(line: string): void {
    this.noteRaw(`${line}\n`);
  }

  /** Writes to standard error as it is, for lines that are drawn over. */
  noteRaw(text: string): void {
    this.#error.write(text);
  }
}
