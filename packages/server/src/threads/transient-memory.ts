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
  #finished = new FinishedItems();

  /** The run it is about; null when nothing was seen. */
  get runId(): string | null {
    return this.#runId;
  }

  /** The highest `sequenceNumber` accepted in the run; 0 when none was. */
  highest(runId: string): number {
    return this.#runId === runId ? this.#sequenceNumber : 0;
  }

  /** Whether what a transient frame is about has had its durable last frame. */
  isFinished(runId: string, frame: FrameLike): boolean {
    return this.#runId === runId && this.#finished.has(frame);
  }

  /** Takes in what an accepted command did. */
  remember(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transient") {
        this.#enter(effect.runId);
        this.#sequenceNumber = effect.sequenceNumber;
      } else if (effect.kind === "event" && effect.event.runId !== null) {
        if (!finishesItem(effect.event)) continue;
        this.#enter(effect.event.runId);
        this.#finished.add(effect.event);
      }
    }
  }

  /** A memory of the same, which then goes its own way. */
  copy(): TransientMemory {
    const copy = new TransientMemory();
    copy.#runId = this.#runId;
    copy.#sequenceNumber = this.#sequenceNumber;
    copy.#finished = this.#finished.copy();
    return copy;
  }

  #enter(runId: string): void {
    if (this.#runId === runId) return;
    this.#runId = runId;
    this.#sequenceNumber = 0;
    this.#finished.clear();
  }
}

type FrameLike = { readonly type: string; readonly payload: JsonObject };

/** Messages and calls that had their last frame, by id: a message's and a call's may be alike. */
export class FinishedItems {
  #messages = new Set<unknown>();
  #calls = new Set<unknown>();

  /** Takes in a frame with which an item ends; others are nothing. The oldest are forgotten. */
  add(frame: FrameLike): void {
    if (!finishesItem(frame)) return;
    const ids = this.#idsOf(frame);
    ids.add(idIn(frame));
    if (ids.size > finishedIdsMax) ids.delete(ids.values().next().value);
  }

  /** Whether the item that a transient frame is about has ended. */
  has(frame: FrameLike): boolean {
    return this.#idsOf(frame).has(idIn(frame));
  }

  copy(): FinishedItems {
    const copy = new FinishedItems();
    copy.#messages = new Set(this.#messages);
    copy.#calls = new Set(this.#calls);
    return copy;
  }

  clear(): void {
    this.#messages.clear();
    this.#calls.clear();
  }

  #idsOf(frame: FrameLike): Set<unknown> {
    return isOfMessage(frame) ? this.#messages : this.#calls;
  }
}

/** Whether a durable frame is the last one about a message or call (PUB16). */
function finishesItem({ type, payload }: FrameLike): boolean {
  if (type === "tool_result") return true;
  return type === "assistant_message" && payload.messageId !== undefined;
}

function isOfMessage({ type }: FrameLike): boolean {
  return type.startsWith("assistant_");
}

function idIn(frame: FrameLike): unknown {
  return isOfMessage(frame) ? frame.payload.messageId : frame.payload.toolCallId;
}
