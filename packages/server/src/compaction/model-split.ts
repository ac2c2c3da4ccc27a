/**
 * One try at a summary with requests of a given size: the transcript whole, or its parts, a few at a
 * time, and then their summaries in groups until one is left (ROL19). Ends with the first failure;
 * requests under way are then closed. Used by `model-summariser.ts`.
 */
import { modelLimits } from "../limits.ts";
import type { ModelAnswer, ModelPrompt } from "./model-endpoint.ts";
import { ModelFailure } from "./model-failure.ts";
import { mergePrompt, type PromptFrame, partPrompt, summaryPrompt } from "./prompt.ts";
import { planParts, textsOfParts } from "./prompt-parts.ts";
import { trimMiddle } from "./prompt-text.ts";
import type { Summary, SummaryRequest } from "./summariser.ts";

/** What a try needs. */
export type SplitParts = {
  readonly ask: (prompt: ModelPrompt, signal: AbortSignal) => Promise<ModelAnswer>;
  /** Characters of thread in one request, about. */
  readonly budget: number;
  /** From 0 up to, and without, 1; names the fences. */
  readonly random: () => number;
  readonly signal: AbortSignal;
};

/** Makes the summary. Rejects with what `ask` rejects with, or ModelFailure for an empty thread. */
export async function summariseInParts(
  request: SummaryRequest,
  { ask, budget, random, signal }: SplitParts,
): Promise<Summary> {
  const plan = await planParts(request.events, { budget, partsMax: modelLimits.partsMax });
  if (plan === null) throw nothingToRead();
  const frame: PromptFrame = {
    fence: fenceOf(random),
    instructions: request.instructions === null ? null : trimMiddle(request.instructions, budget),
  };
  const { previousSummary } = request;
  // A quarter each, so that at least three fit into one merge and every round leaves fewer.
  const within = (summary: string) => trimMiddle(summary, Math.floor(budget / 4));
  const texts = textsOfParts(plan);
  const first: string = (await texts.next()).value ?? "";
  const second: string | undefined = (await texts.next()).value ?? undefined;
  if (second === undefined) {
    const previous = previousSummary === null ? null : within(previousSummary);
    const answer = await ask(summaryPrompt(frame, { transcript: first, previous }), signal);
    return summaryOf([answer], answer);
  }
  const prompts = partPrompts(frame, [first, second].values(), texts);
  const answers = await askAll(prompts, { ask, signal });
  const summaries = answers.map(({ text }) => within(text));
  if (previousSummary !== null) summaries.unshift(within(previousSummary));
  const merged = await merge(summaries, { ask, signal, budget, frame });
  return summaryOf(answers, merged);
}

async function* partPrompts(
  frame: PromptFrame,
  begun: Iterable<string>,
  rest: AsyncIterable<string>,
): AsyncGenerator<ModelPrompt> {
  let part = 0;
  for (const texts of [begun, rest]) {
    for await (const transcript of texts) {
      part += 1;
      yield partPrompt(frame, { transcript, part });
    }
  }
}

type Asking = Pick<SplitParts, "ask" | "signal">;

/** Answers in the order of the prompts, which are made as they are needed. */
async function askAll(
  prompts: AsyncIterator<ModelPrompt> | Iterator<ModelPrompt>,
  { ask, signal }: Asking,
): Promise<ModelAnswer[]> {
  const failed = new AbortController();
  const all = AbortSignal.any([signal, failed.signal]);
  const answers: ModelAnswer[] = [];
  let next = 0;
  let problem: unknown;
  const askOneByOne = async () => {
    for (;;) {
      const place = next++;
      const step = await prompts.next();
      if (step.done === true) return;
      answers[place] = await ask(step.value, all);
    }
  };
  const workers = Array.from({ length: modelLimits.atOnceMax }, () =>
    askOneByOne().catch((error: unknown) => {
      // The first says what happened; those after it fail because it closed them.
      if (!failed.signal.aborted) problem = error;
      failed.abort(error);
    }),
  );
  await Promise.all(workers);
  if (failed.signal.aborted) throw problem;
  return answers;
}

/** One summary of several, in rounds of groups that fit. */
async function merge(
  summaries: readonly string[],
  { ask, signal, budget, frame }: Asking & { budget: number; frame: PromptFrame },
): Promise<ModelAnswer> {
  for (let round = summaries; ; ) {
    const groups = groupsWithin(round, budget);
    const [only] = groups;
    if (groups.length === 1 && only !== undefined) return ask(mergePrompt(frame, only), signal);
    const prompts = groups.values().map((group) => mergePrompt(frame, group));
    const answers = await askAll(prompts, { ask, signal });
    round = answers.map(({ text }) => trimMiddle(text, Math.floor(budget / 4)));
  }
}

/** Neighbours together, as many as `budget` characters hold. */
function groupsWithin(summaries: readonly string[], budget: number): string[][] {
  const groups: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const summary of summaries) {
    if (length + summary.length > budget) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(summary);
    length += summary.length;
  }
  return groups;
}

/** Tokens before: what the model read of the thread; after: what it wrote at last. */
function summaryOf(readers: readonly ModelAnswer[], last: ModelAnswer): Summary {
  const counts = readers.map(({ tokensRead }) => tokensRead);
  const known = counts.filter((count) => count !== null);
  return {
    text: last.text,
    ...(known.length === counts.length ? { tokensBefore: known.reduce((a, b) => a + b, 0) } : {}),
    ...(last.tokensWritten === null ? {} : { tokensAfter: last.tokensWritten }),
  };
}

function fenceOf(random: () => number): string {
  return Array.from({ length: 4 }, () => Math.floor(random() * 36 ** 5).toString(36)).join("");
}

function nothingToRead(): ModelFailure {
  return new ModelFailure(
    "final",
    "There is nothing to summarise since the last compaction. Ask again once there is.",
  );
}
