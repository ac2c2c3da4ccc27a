/**
 * What this process has seen of transient frames in a thread's active run: the highest number and
 * the items that had their last word (PUB15, PUB16). Deciding reads it; it is memory only and
 * forgotten at a restart.
 */
import type { JsonObject } from "@spool/protocol/json";
import { finishedIdsMax } from "@spool/protocol/limits";
import type { Effect } from "./command.ts";

/** One run's memory; another run's frame begins a new one. */
export class TransientMemory {
  #runId: string | null = null;
  #sequenceNumber = 0;
  #finished = new Set<string>();

  /** The run it is about; null when nothing was seen. */
  get runId(): string | null {
    return this.#runId;
  }

  /** The highest `sequenceNumber` accepted in the run; 0 when none was. */
  highest(runId: string): number {
    return this.#runId === runId ? this.#sequenceNumber : 0;
  }

  /** Whether the item (`itemOf`, `finishedItem`) has had its durable last frame. */
  isFinished(runId: string, item: string): boolean {
    return this.#runId === runId && this.#finished.has(item);
  }

  /** Takes in what an accepted command did. */
  remember(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transient") {
        this.#enter(effect.runId);
        this.#sequenceNumber = effect.sequenceNumber;
      } else if (effect.kind === "event" && effect.event.runId !== null) {
        const item = finishedItem(effect.event);
        if (item !== null) this.#finish(effect.event.runId, item);
      }
    }
  }

  /** A memory of the same, which then goes its own way. */
  copy(): TransientMemory {
    const copy = new TransientMemory();
    copy.#runId = this.#runId;
    copy.#sequenceNumber = this.#sequenceNumber;
    copy.#finished = new Set(this.#finished);
    return copy;
  }

  #finish(runId: string, item: string): void {
    this.#enter(runId);
    this.#finished.add(item);
    if (this.#finished.size > finishedIdsMax) {
      this.#finished.delete(this.#finished.values().next().value as string);
    }
  }

  #enter(runId: string): void {
    if (this.#runId === runId) return;
    this.#runId = runId;
    this.#sequenceNumber = 0;
    this.#finished.clear();
  }
}

type FrameLike = { readonly type: string; readonly payload: JsonObject };

/** The item a transient frame is about: a message or a call, whose ids may be alike. */
export function itemOf({ type, payload }: FrameLike): string {
  return type.startsWith("assistant_")
    ? `message ${payload.messageId}`
    : `call ${payload.toolCallId}`;
}

/** The item about which a durable frame is the last one; null for other frames (PUB16). */
export function finishedItem({ type, payload }: FrameLike): string | null {
  if (type === "tool_result") return `call ${payload.toolCallId}`;
  const named = type === "assistant_message" && payload.messageId !== undefined;
  return named ? `message ${payload.messageId}` : null;
}
