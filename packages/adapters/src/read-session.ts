/**
 * A whole session file, as bytes → thread headers, frames and problems, in file order. Unpacks it
 * where it is compressed, chooses the adapter by content and feeds it line by line, so that a file
 * of any size takes the memory of its longest line; only a file that is one JSON document over many
 * lines is read as a whole. The caller opens the file; nothing here touches a disk.
 */
import { adapterOf } from "./formats.ts";
import type {
  AdapterOptions,
  FormatId,
  Frame,
  LiveFrame,
  Place,
  SessionProblem,
  Step,
  SubAgentLink,
  ThreadHeader,
} from "./frame.ts";
import { lineBytesMax, readLines, type SourceLine } from "./read-lines.ts";
import { recognise } from "./recognise.ts";
import type { SessionAdapter } from "./session-adapter.ts";
import { recordsOf } from "./source-records.ts";
import { plainChunks } from "./zstd-chunks.ts";

/** How to read a file. */
export type ReadSessionOptions = Omit<AdapterOptions, "links"> & {
  /** The format, where it is known; otherwise it is recognised. */
  readonly format?: FormatId;
  /** The file will not grow: what waits for a record that never comes is given out at its end. */
  readonly complete?: boolean;
  /**
   * What the files read so far told of sub-agents with files of their own: this file's words are
   * added, and a sub-agent's file finds its parent and its end in it. One list for all files of a
   * session, the session's own file first.
   */
  readonly links?: SubAgentLink[];
  /** Hears what watchers may see of something unfinished, after the frames before it were taken. */
  readonly onLive?: (frames: readonly LiveFrame[]) => void;
};

/** A piece of what a session holds. Frames of one part are of one thread and in order. */
export type SessionPart =
  | { readonly kind: "thread"; readonly thread: ThreadHeader }
  | { readonly kind: "frames"; readonly threadId: string; readonly frames: readonly Frame[] }
  | { readonly kind: "problem"; readonly problem: SessionProblem };

/** A session read to its end: every thread with its last header and all its frames. */
export type Session = {
  readonly threads: ReadonlyMap<string, { header: ThreadHeader; frames: readonly Frame[] }>;
  readonly problems: readonly SessionProblem[];
};

/** Lines looked at to recognise the format. */
const recogniseLinesMax = 50;

/** Reads a file to its end. A file of no known format gives one problem and nothing else. */
export async function* readSession(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadSessionOptions = {},
): AsyncGenerator<SessionPart> {
  const damage: string[] = [];
  const lines = readLines(plainChunks(chunks, (problem) => damage.push(problem)));
  let reading = options.format === undefined ? null : new Reading(options.format, options);
  let last: Place = { line: 1, byteOffset: 0 };
  const beginning = new Beginning();
  for await (const line of lines) {
    last = line;
    if (reading === null) {
      const format = beginning.add(line);
      if (format === null && beginning.isOver) break;
      if (format === null) continue;
      reading = new Reading(format, options);
      for (const earlier of beginning.lines.splice(0)) yield* reading.push(earlier);
    } else yield* reading.push(line);
  }
  if (reading === null && beginning.lines.length > 0) {
    const { format, lines: whole } = beginning.end();
    reading = format === null ? null : new Reading(format, options);
    if (reading === null) yield problemAt(firstPlace, "is not a session of a known agent");
    else for (const line of whole) yield* reading.push(line);
  }
  for (const problem of damage) yield problemAt(last, problem);
  // What is missing behind the damage may still come from an undamaged copy.
  if (reading !== null && damage.length === 0) yield* reading.end();
}

const firstPlace: Place = { line: 1, byteOffset: 0 };

/** The lines before the format is known: a file's first ones, or a document's all. */
class Beginning {
  readonly lines: SourceLine[] = [];
  #isDocument = false;
  #characters = 0;

  /** Takes the next line; gives the format as soon as a line shows it. */
  add(line: SourceLine): FormatId | null {
    // One object printed over many lines: none of them says anything alone.
    if (line.text.trim() === "{" && this.lines.every(({ text }) => text.trim() === "")) {
      this.#isDocument = true;
    }
    this.lines.push(line);
    this.#characters += line.text.length + 1;
    return this.#isDocument ? null : recognise([line.text]);
  }

  /** Whether it is no use to look at more lines. */
  get isOver(): boolean {
    if (this.#isDocument) return this.#characters > lineBytesMax;
    return this.lines.length >= recogniseLinesMax;
  }

  /** At the end of the file: a document as one line, or else lines of which any shows the format. */
  end(): { readonly format: FormatId | null; readonly lines: readonly SourceLine[] } {
    const { lines } = this;
    if (!this.#isDocument || this.isOver) return { format: null, lines };
    const text = lines.map((line) => line.text).join("\n");
    const isWhole = recordsOf(text, firstPlace).problems.length === 0;
    const format = isWhole ? recognise([text]) : null;
    if (format !== null) return { format, lines: [{ ...firstPlace, text, terminated: true }] };
    return { format: recognise(lines.map((line) => line.text)), lines };
  }
}

function problemAt({ line, byteOffset }: Place, problem: string): SessionPart {
  return { kind: "problem", problem: { line, byteOffset, problem } };
}

/** Gathers what `readSession` gives; for files whose frames fit in memory. */
export async function collectSession(parts: AsyncIterable<SessionPart>): Promise<Session> {
  const threads = new Map<string, { header: ThreadHeader; frames: Frame[] }>();
  const problems: SessionProblem[] = [];
  for await (const part of parts) {
    if (part.kind === "problem") problems.push(part.problem);
    else if (part.kind === "frames") threads.get(part.threadId)?.frames.push(...part.frames);
    else {
      const known = threads.get(part.thread.threadId);
      threads.set(part.thread.threadId, { header: part.thread, frames: known?.frames ?? [] });
    }
  }
  return { threads, problems };
}

/** An adapter with its state, for as long as one file is read. */
class Reading {
  readonly #adapter: SessionAdapter<unknown>;
  readonly #state: unknown;
  readonly #complete: boolean;
  readonly #links: SubAgentLink[];
  readonly #onLive: ReadSessionOptions["onLive"];

  constructor(format: FormatId, options: ReadSessionOptions) {
    const { complete, links = [], onLive, format: _, ...own } = options;
    this.#adapter = adapterOf(format);
    this.#complete = complete === true;
    this.#links = links;
    this.#onLive = onLive;
    this.#state = this.#adapter.start({ ...own, links: [...links] });
  }

  *push({ text, line, byteOffset, terminated, problem }: SourceLine): Generator<SessionPart> {
    const place = { line, byteOffset };
    if (problem !== undefined) yield problemAt(place, problem);
    yield* this.#partsOf(this.#adapter.push(this.#state, text, { ...place, terminated }));
  }

  *end(): Generator<SessionPart> {
    if (this.#complete) yield* this.#partsOf(this.#adapter.end(this.#state, this.#links));
  }

  *#partsOf(step: Step): Generator<SessionPart> {
    this.#links.push(...step.links);
    for (const problem of step.problems) yield { kind: "problem", problem };
    for (const thread of step.threads) yield { kind: "thread", thread };
    for (let from = 0; from < step.frames.length; ) {
      const threadId = step.frames[from]?.threadId ?? "";
      let to = from;
      while (step.frames[to]?.threadId === threadId) to += 1;
      yield { kind: "frames", threadId, frames: step.frames.slice(from, to) };
      from = to;
    }
    if (step.live.length > 0) this.#onLive?.(step.live);
  }
}
