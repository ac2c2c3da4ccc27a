/**
 * What watchers are told of an accepted command, in the order of its effects (PUB18, LIVE5). Pure;
 * called once the command's changes are on stable storage.
 */
import type { BusMessage } from "../live/live-bus.ts";
import { revisionOf } from "../store/rows.ts";
import type { Decision, TransientEffect } from "./command.ts";

/** The messages of a decision. Revisions count up from the one it was decided on. */
export function busMessages(decision: Decision, threadId: string): BusMessage[] {
  const messages: BusMessage[] = [];
  let revision = revisionOf(decision.head.thread) - decision.changes.length;
  for (const effect of decision.effects) {
    if (effect.kind === "transient") {
      messages.push({ kind: "transient", text: transientText(effect, threadId) });
      continue;
    }
    revision += 1;
    switch (effect.kind) {
      case "event":
        messages.push({ kind: "event", sequence: effect.event.sequence, line: effect.line });
        break;
      case "thread_renamed": {
        const { title, titleSource } = effect;
        messages.push({ kind: "renamed", revision, title, titleSource });
        break;
      }
      case "thread_archived":
        messages.push({ kind: "archived", revision, archived: effect.archivedAt !== null });
        break;
      case "thread_deleted":
        messages.push({ kind: "deleted", revision });
        break;
      case "thread_created":
      case "metadata_set":
        break;
    }
  }
  return messages;
}

function transientText(effect: TransientEffect, threadId: string): string {
  const { type, runId, rolloutId, sequenceNumber, occurredAt, payload } = effect;
  return JSON.stringify({
    type,
    threadId,
    runId,
    rolloutId,
    sequenceNumber,
    ...(occurredAt === null ? {} : { occurredAt }),
    payload,
  });
}
