/**
 * A whole session file, as bytes → thread headers, frames and problems, in file order. Chooses the
 * adapter by content and feeds it line by line, so that a file of any size takes the memory of
 * its longest line. The caller opens the file; nothing here touches a disk.
 */
import { claudeCodeAdapter } from "./claude-code/claude-code-adapter.ts";
import { codexAdapter } from "./codex/codex-adapter.ts";
import type {
  AdapterOptions,
  AgentId,
  Frame,
  SessionProblem,
  Step,
  ThreadHeader,
} from "./frame.ts";
import { readLines, type SourceLine } from "./read-lines.ts";
import { recognise } from "./recognise.ts";
import type { SessionAdapter } from "./session-adapter.ts";

/** How to read a file. */
export type ReadSessionOptions = AdapterOptions & {
  /** The agent, where it is known; otherwise it is recognised. */
  readonly agentId?: AgentId;
  /** The file will not grow: what waits for a record that never comes is given out at its end. */
  readonly complete?: boolean;
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

/** Lines looked at to recognise the agent. */
const recogniseLinesMax = 50;

/** Reads a file to its end. A file of no known agent gives one problem and nothing else. */
export async function* readSession(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadSessionOptions = {},
): AsyncGenerator<SessionPart> {
  let reading = options.agentId === undefined ? null : new Reading(options.agentId, options);
  let first: SourceLine[] = [];
  for await (const line of readLines(chunks)) {
    if (reading !== null) {
      yield* reading.push(line);
      continue;
    }
    first.push(line);
    const agentId = recognise([line.text]);
    if (agentId === null && first.length < recogniseLinesMax) continue;
    if (agentId === null) break;
    reading = new Reading(agentId, options);
    for (const earlier of first) yield* reading.push(earlier);
    first = [];
  }
  if (reading !== null) {
    yield* reading.end();
  } else if (first.length > 0) {
    const problem = "is not a session of a known agent";
    yield { kind: "problem", problem: { line: 1, byteOffset: 0, problem } };
  }
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

  constructor(agentId: AgentId, options: ReadSessionOptions) {
    this.#adapter = adapterOf(agentId);
    this.#complete = options.complete === true;
    const { messagesOnly, sourceId } = options;
    this.#state = this.#adapter.start({
      ...(messagesOnly === undefined ? {} : { messagesOnly }),
      ...(sourceId === undefined ? {} : { sourceId }),
    });
  }

  *push({ text, line, byteOffset, terminated, problem }: SourceLine): Generator<SessionPart> {
    const place = { line, byteOffset };
    if (problem !== undefined) yield { kind: "problem", problem: { ...place, problem } };
    yield* partsOf(this.#adapter.push(this.#state, text, { ...place, terminated }));
  }

  *end(): Generator<SessionPart> {
    if (this.#complete) yield* partsOf(this.#adapter.end(this.#state));
  }
}

const adapters: Record<AgentId, SessionAdapter<unknown>> = {
  codex: codexAdapter,
  "claude-code": claudeCodeAdapter,
};

/** The adapter of an agent; its state is its own business. */
export function adapterOf(agentId: AgentId): SessionAdapter<unknown> {
  return adapters[agentId];
}

function* partsOf(step: Step): Generator<SessionPart> {
  for (const problem of step.problems) yield { kind: "problem", problem };
  for (const thread of step.threads) yield { kind: "thread", thread };
  for (let from = 0; from < step.frames.length; ) {
    const threadId = step.frames[from]?.threadId ?? "";
    let to = from;
    while (step.frames[to]?.threadId === threadId) to += 1;
    yield { kind: "frames", threadId, frames: step.frames.slice(from, to) };
    from = to;
  }
}
