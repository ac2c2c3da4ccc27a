/**
 * One question to a model and its answer, whichever protocol carries them. `model-openai.ts` and
 * `model-anthropic.ts` implement it; `model-attempts.ts` calls it.
 */
import { summaryCharactersMax } from "@spool/protocol/limits";
import { ModelFailure, nonsense } from "./model-failure.ts";
import type { ModelGuard } from "./model-guard.ts";

/** What a model is told. */
export type ModelPrompt = {
  /** The server's own words only. */
  readonly system: string;
  readonly user: string;
};

/** What it answered; tokens as it counted them, null when it did not say. */
export type ModelAnswer = {
  readonly text: string;
  readonly tokensRead: number | null;
  readonly tokensWritten: number | null;
};

/**
 * Asks once, for a stream or for the answer in one piece. Takes either, whatever it asked for.
 * Rejects with ModelFailure or with what the client library threw.
 */
export type ModelEndpoint = (
  prompt: ModelPrompt,
  options: { readonly stream: boolean; readonly guard: ModelGuard },
) => Promise<ModelAnswer>;

/** Text that comes in pieces; a ModelFailure once it is longer than a summary may be (ROL20). */
export class AnswerText {
  #text = "";

  add(piece: unknown): void {
    if (typeof piece !== "string") return;
    this.#text += piece;
    if (this.#text.length > summaryCharactersMax) {
      throw new ModelFailure(
        "final",
        `The model's summary is longer than ${summaryCharactersMax} characters. Ask for a shorter one.`,
      );
    }
  }

  /** The text without what a reasoning model thought aloud before it; empty is a failure. */
  finish(): string {
    const text = this.#text.replace(/^\s*<think>[\s\S]*?<\/think>/, "").trim();
    if (text === "") throw nonsense("answered without text");
    return text;
  }
}

/** Whether an answer comes as server-sent events; else it is to be read as one piece. */
export function isEventStream(response: Response): boolean {
  return /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
}

/** The JSON object of an answer in one piece; anything else is a failure. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  if (/^\s*</.test(text)) throw nonsense("answered with a page, not with JSON");
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw nonsense("answered with other JSON");
  return value as Record<string, unknown>;
}

/** Why a model stopped; null when that is not told. */
export function reasonOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A count of tokens as an endpoint may give it. */
export function tokenCount(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
