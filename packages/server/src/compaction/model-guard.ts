/**
 * Watches one request to a model on the wire: gives it up when no byte comes for a while (ROL19),
 * refuses an answer of too many bytes (ROL20), and follows no redirect, which would carry key and
 * thread to another host. The protocols hand its `fetch` and `signal` to their client library.
 */
import { ModelFailure, nonsense } from "./model-failure.ts";

/** Timers, so that tests need not wait. */
export type ModelTimers = {
  /** Calls `task` after that many milliseconds, unless what it gives back is called before. */
  readonly after: (milliseconds: number, task: () => void) => () => void;
};

/** A watched request. */
export type ModelGuard = {
  readonly fetch: typeof globalThis.fetch;
  /** Aborted with a ModelFailure, or with the caller's reason. */
  readonly signal: AbortSignal;
  /** Ends the watch; what is still open then is closed. */
  readonly end: () => void;
};

/** Begins to watch; `idleMs` null watches for bytes only. */
export function guardRequest(options: {
  readonly signal: AbortSignal;
  readonly timers: ModelTimers;
  readonly idleMs: number | null;
  readonly answerBytesMax: number;
}): ModelGuard {
  const { timers, idleMs, answerBytesMax } = options;
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  let disarm = () => {};
  const arm = () => {
    disarm();
    if (idleMs !== null) disarm = timers.after(idleMs, () => own.abort(silent()));
  };
  const count = byteCounter(answerBytesMax, { onBytes: arm, onExcess: () => own.abort(tooMany()) });
  arm();
  return {
    fetch: async (input, init) => {
      const response = await globalThis.fetch(input, { ...init, redirect: "manual" });
      arm();
      const { status, statusText, headers, body } = response;
      return new Response(body?.pipeThrough(count) ?? null, { status, statusText, headers });
    },
    signal,
    end: () => {
      disarm();
      own.abort();
    },
  };
}

function byteCounter(
  max: number,
  { onBytes, onExcess }: { onBytes: () => void; onExcess: () => void },
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      onBytes();
      if (bytes > max) onExcess();
      else controller.enqueue(chunk);
    },
  });
}

function silent(): ModelFailure {
  return new ModelFailure("passing", "The summariser fell silent in its answer. Try again later.");
}

function tooMany(): ModelFailure {
  return nonsense("sent more than a summary can be");
}
