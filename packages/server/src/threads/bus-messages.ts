/**
 * What watchers are told of an accepted command, in the order of its effects (PUB18, LIVE5). Pure;
 * called once the command's changes are on stable storage.
 */
import type { BusMessage } from "../live/live-bus.ts";
import type { EventAppended } from "../store/changes.ts";
import type { EventLine } from "../store/event-line.ts";
import type { Decision } from "./command.ts";

/** The messages of a decision. */
export function busMessages(decision: Decision): BusMessage[] {
  const messages: BusMessage[] = [];
  for (const effect of decision.effects) {
    switch (effect.kind) {
      case "transient": {
        const { kind, ...frame } = effect;
        messages.push({ kind, frame: { ...frame, cut: false } });
        break;
      }
      case "event":
        if (isCancellation(effect)) {
          messages.push({ kind: "cancel_requested", runId: effect.event.runId as string });
        }
        messages.push(eventMessage(effect));
        break;
      case "thread_renamed": {
        const { title, titleSource } = effect;
        messages.push({ kind: "renamed", title, titleSource });
        break;
      }
      case "thread_archived":
        messages.push({ kind: "archived", archived: effect.archivedAt !== null });
        break;
      case "thread_deleted":
        messages.push({ kind: "deleted" });
        break;
      case "imported":
        messages.push({ kind: "imported", rewrites: effect.rewrites });
        messages.push(eventMessage(effect.last));
        break;
      case "thread_imported":
      case "thread_created":
      case "metadata_set":
        break;
    }
  }
  return messages;
}

function eventMessage({ event, line }: EventLine): BusMessage {
  return { kind: "event", sequence: event.sequence, event, line };
}

/** RUN7: the run was ended from outside; the server's own events have no number. */
function isCancellation({ event }: EventAppended): boolean {
  const { type, payload, runSequence } = event;
  return type === "run_completed" && payload.status === "cancelled" && runSequence === undefined;
}
