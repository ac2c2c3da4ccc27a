/**
 * Summaries by a configured model (ROL18 to ROL22). A transcript that fits goes to it whole; a
 * longer one in parts, whose summaries are made one. When the endpoint finds a request too long,
 * all of it is done again in parts half as large. Made by `app.ts`, called by requested compaction.
 *
 *   transcript ─┬─ part 1 ── summary ─┐
 *               ├─ part 2 ── summary ─┼─ merged, in groups that fit ── summary
 *               └─ part 3 ── summary ─┘
 */
import { modelLimits, summariserMs } from "../limits.ts";
import type { Log } from "../ops/log.ts";
import { anthropicEndpoint } from "./model-anthropic.ts";
import { type AskModel, askerOf, type ModelTime } from "./model-attempts.ts";
import type { ModelCounters } from "./model-counters.ts";
import type { ModelAnswer, ModelEndpoint, ModelPrompt } from "./model-endpoint.ts";
import { ModelFailure } from "./model-failure.ts";
import { openAiEndpoint } from "./model-openai.ts";
import { type ModelSettings, modelAddress } from "./model-settings.ts";
import { summariseInParts } from "./model-split.ts";
import {
  type Summariser,
  SummariserError,
  type Summary,
  type SummaryRequest,
} from "./summariser.ts";

/** What a summariser is made with besides its model. */
export type ModelParts = {
  readonly time: ModelTime;
  readonly counters: ModelCounters;
  readonly log: Log;
};

/** A summariser by that model. Nothing is loaded and nobody is called before the first summary. */
export function createModelSummariser(settings: ModelSettings, parts: ModelParts): Summariser {
  const ask = askerOf({ endpoint: endpointOf(settings), ...parts });
  return async (request, signal) => {
    signal.throwIfAborted();
    const { time, counters, log } = parts;
    const limit = new AbortController();
    const disarm = time.after(summariserMs, () => limit.abort(tookTooLong()));
    const within = {
      signal: AbortSignal.any([signal, limit.signal]),
      deadline: time.now() + summariserMs,
    };
    try {
      const made = await withinContext(request, { ask, within, time, counters });
      counters.summaries += 1;
      return made;
    } catch (error) {
      signal.throwIfAborted();
      counters.failures += 1;
      const failure = limit.signal.aborted ? limit.signal.reason : error;
      if (!(failure instanceof ModelFailure)) throw failure;
      log.warn({ problem: failure.message }, "a summary could not be made");
      throw new SummariserError(failure.message);
    } finally {
      disarm();
    }
  };
}

function endpointOf(settings: ModelSettings): ModelEndpoint {
  const address = modelAddress(settings.url);
  return address.protocol === "anthropic"
    ? anthropicEndpoint(address, settings)
    : openAiEndpoint(address, settings);
}

type Asking = {
  readonly ask: AskModel;
  readonly within: { readonly signal: AbortSignal; readonly deadline: number };
  readonly time: ModelTime;
  readonly counters: ModelCounters;
};

/** Summarises with ever smaller parts until each request fits into the model's context. */
async function withinContext(request: SummaryRequest, asking: Asking): Promise<Summary> {
  const { first, least } = modelLimits.budgetCharacters;
  for (let budget: number = first; ; ) {
    let longest = 0;
    const ask = async (prompt: ModelPrompt, signal: AbortSignal): Promise<ModelAnswer> => {
      longest = Math.max(longest, prompt.user.length);
      const answer = await asking.ask(prompt, { ...asking.within, signal });
      asking.counters.tokens += (answer.tokensRead ?? 0) + (answer.tokensWritten ?? 0);
      return answer;
    };
    try {
      const { random } = asking.time;
      return await summariseInParts(request, { ask, budget, random, signal: asking.within.signal });
    } catch (error) {
      const isTooLong = error instanceof ModelFailure && error.kind === "too_long";
      if (!isTooLong || budget === least) throw error;
      budget = Math.max(least, Math.floor(Math.min(budget, longest) / 2));
    }
  }
}

function tookTooLong(): ModelFailure {
  return new ModelFailure(
    "final",
    `The summary was not made within ${summariserMs / 60_000} minutes. Try again, or set a faster ` +
      "SPOOL_SUMMARISER_MODEL.",
  );
}
