/**
 * How a session file becomes frames, line by line. An adapter is pure: all it knows between two
 * lines stands in the state, which is plain JSON and may be stored and read back between any two
 * lines without a difference in the frames. `push` changes the state it is given.
 */
import type { AdapterOptions, FormatId, LinePlace, Step, SubAgentLink } from "./frame.ts";

/** One format's adapter; implemented by `<format>/<format>-adapter.ts`, all listed in `formats.ts`. */
export interface SessionAdapter<State> {
  readonly format: FormatId;

  /** The state before a file's first line. */
  start(options?: AdapterOptions): State;

  /**
   * Reads one line (without its newline). Never throws for what the line holds: what cannot be
   * read is in the step's `problems`. A record whose meaning depends on the one behind it is held
   * in the state and comes out with that one, so frames of a file are a prefix of the frames of
   * any longer version of it.
   */
  push(state: State, line: string, place: LinePlace): Step;

  /**
   * Gives out what is still held, for a file that will not grow. A run that the file leaves open
   * stays open unless its last record shows that it was over, or `links` (what the session's file
   * told of its sub-agents) do; calls without a result stay without one.
   */
  end(state: State, links?: readonly SubAgentLink[]): Step;
}

/** A step that gave nothing yet. */
export function emptyStep(): Step {
  return { threads: [], frames: [], live: [], links: [], problems: [] };
}
