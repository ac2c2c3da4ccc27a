/**
 * Asks a model until it answers: what may pass by itself is repeated, with waits that double and
 * are half left to chance, or as long as the endpoint asks (ROL19). An endpoint that does not
 * stream is asked for its answer in one piece. Used by `model-summariser.ts` alone.
 *
 *   ask ── 503 ── wait 0.5–1 s ── ask ── 429, Retry-After: 7 ── wait 7 s ── ask ── answer
 */
import { modelLimits } from "../limits.ts";
import type { Log } from "../ops/log.ts";
import type { ModelCounters } from "./model-counters.ts";
import type { ModelAnswer, ModelEndpoint, ModelPrompt } from "./model-endpoint.ts";
import { failureOf, ModelFailure } from "./model-failure.ts";
import { guardRequest, type ModelTimers } from "./model-guard.ts";

/** Time and chance, so that tests need neither. */
export type ModelTime = ModelTimers & {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Resolves after that many milliseconds; rejects when the signal is aborted. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to, and without, 1. */
  readonly random: () => number;
};

/** What asking needs. */
export type AttemptParts = {
  readonly endpoint: ModelEndpoint;
  readonly time: ModelTime;
  readonly counters: ModelCounters;
  readonly log: Log;
};

/** Asks for one answer. */
export type AskModel = (
  prompt: ModelPrompt,
  limits: { readonly signal: AbortSignal; readonly deadline: number },
) => Promise<ModelAnswer>;

/**
 * Makes an asker. It rejects with ModelFailure, or with the signal's reason; `deadline` is a time of
 * `now`, past which no wait goes.
 */
export function askerOf(parts: AttemptParts): AskModel {
  const { time, counters, log } = parts;
  let streams = true;
  return async (prompt, { signal, deadline }) => {
    for (let attempt = 1; ; ) {
      signal.throwIfAborted();
      const failure = await attemptOnce(parts, { prompt, signal, stream: streams });
      if (!(failure instanceof ModelFailure)) return failure;
      if (failure.kind === "no_stream" && streams) {
        streams = false;
        continue;
      }
      if (failure.kind !== "passing" || attempt === modelLimits.attemptsMax) throw failure;
      const waitMs = failure.retryAfterMs ?? backoffMs(attempt, time.random());
      if (time.now() + waitMs >= deadline) throw failure;
      counters.retries += 1;
      log.warn({ problem: failure.message, attempt, waitMs }, "asking the summariser again");
      await time.pause(waitMs, signal);
      attempt += 1;
    }
  };
}

/** One attempt; what went wrong is given back, an abort by the caller is thrown. */
async function attemptOnce(
  { endpoint, time, counters }: AttemptParts,
  { prompt, signal, stream }: { prompt: ModelPrompt; signal: AbortSignal; stream: boolean },
): Promise<ModelAnswer | ModelFailure> {
  counters.requests += 1;
  // An answer in one piece is silent until it is there: then only the whole summary's limit counts.
  const idleMs = stream ? modelLimits.idleMs : null;
  const { answerBytesMax } = modelLimits;
  const guard = guardRequest({ signal, timers: time, idleMs, answerBytesMax });
  try {
    const answer = await endpoint(prompt, { stream, guard });
    signal.throwIfAborted(); // the libraries end a stream that was aborted without a word
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    return failureOf(guard.signal.aborted ? guard.signal.reason : error);
  } finally {
    guard.end();
  }
}

/** Milliseconds before the attempt after `attempt`; `chance` from 0 to 1. */
function backoffMs(attempt: number, chance: number): number {
  const { first, max } = modelLimits.backoffMs;
  const full = Math.min(max, first * 2 ** (attempt - 1));
  return Math.round((full * (1 + chance)) / 2);
}
