/**
 * Where a run begins and where it ends (WEB26): one line each, so that the eye finds them and passes
 * on.
 */
import { CircleCheck, CircleSlash, CircleX, Play } from "lucide-react";
import { errorText } from "../../content/json-text.ts";
import { PlainText } from "../../content/markdown.tsx";
import { tokenUsage } from "../../content/token-usage.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import { clockTime, duration } from "../../ui/times.ts";
import type { ItemOf } from "../conversation.ts";
import { momentOf } from "./item-events.ts";
import { ItemFrame } from "./item-frame.tsx";

/** The line a run begins with. */
export function RunStartItem({
  item,
  place,
}: {
  readonly item: ItemOf<"run-start">;
  readonly place: ThreadPlace;
}) {
  const { payload } = item.event;
  const moment = momentOf(item.event);
  const label = payload.resumed === true ? texts.items.runResumed : texts.items.runStarted;
  const told = [payload.agentId, payload.model, payload.executionMode].filter(
    (word) => typeof word === "string" && word !== "",
  );
  return (
    <ItemFrame item={item} place={place} label={label}>
      <p className="run-line">
        <Play aria-hidden="true" size={13} />
        <span>{label}</span>
        {told.map((word) => (
          <bdi key={String(word)}>{String(word)}</bdi>
        ))}
        <time dateTime={moment}>{clockTime(moment)}</time>
      </p>
    </ItemFrame>
  );
}

const ends = new Map<unknown, string>(Object.entries(texts.items.runEnded));
const reasons = new Map<unknown, string>(Object.entries(texts.items.runReasons));
const icons = new Map<unknown, typeof CircleX>([
  ["completed", CircleCheck],
  ["failed", CircleX],
]);

/** The line a run ends with, and the error it ended by. */
export function RunEndItem({
  item,
  place,
}: {
  readonly item: ItemOf<"run-end">;
  readonly place: ThreadPlace;
}) {
  const { status, error } = item.event.payload;
  const label = ends.get(status) ?? texts.items.runUnknownEnd;
  const Icon = icons.get(status) ?? CircleSlash;
  const failure = errorText(error);
  return (
    <ItemFrame item={item} place={place} label={label}>
      <p className="run-line" data-status={String(status)}>
        <Icon aria-hidden="true" size={14} />
        <span className="run-end">{label}</span>
        {factsOf(item).map((fact) => (
          <bdi key={fact}>{fact}</bdi>
        ))}
      </p>
      {failure !== null && (
        <div className="run-error">
          <PlainText text={failure} name="error" />
        </div>
      )}
    </ItemFrame>
  );
}

/** A run shorter than this was written down afterwards, and its clock is not the run's. */
const tookMinMs = 50;

/** Why, after how long, with what: as far as the event tells. */
function factsOf({ event, startedAt }: ItemOf<"run-end">): string[] {
  const { payload, createdAt } = event;
  const usage = tokenUsage(payload);
  const counted = startedAt === null ? 0 : Date.parse(createdAt) - Date.parse(startedAt);
  const took = typeof payload.durationMs === "number" ? payload.durationMs : counted;
  return [
    reasonOf(payload),
    took < tookMinMs ? "" : texts.items.runTook(duration(took)),
    usage === null ? "" : texts.items.tokens(usage.input, usage.output),
    usage === null || usage.costUsd === null ? "" : texts.items.cost(usage.costUsd),
  ].filter((fact) => fact !== "");
}

/** Why it ended, unless that says no more than that it is complete. */
function reasonOf({ reason, status }: ItemOf<"run-end">["event"]["payload"]): string {
  if (typeof reason !== "string" || reason === status) return "";
  const known = reasons.get(reason);
  if (known !== undefined) return known;
  const isUsual = status === "completed" && /^[a-z_]{1,32}$/.test(reason);
  return isUsual ? "" : reason.replaceAll("_", " ").slice(0, 300);
}
