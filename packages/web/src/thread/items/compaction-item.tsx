/**
 * A compaction: one line, its summary behind it, and the way to the rollout it closed (WEB26). One
 * that failed says why.
 */
import { SpoolError } from "@spool/client/spool-error";
import { FoldVertical } from "lucide-react";
import { useEffect, useState } from "react";
import { Fold } from "../../content/fold.tsx";
import { errorText } from "../../content/json-text.ts";
import { Markdown, PlainText } from "../../content/markdown.tsx";
import { messageText } from "../../content/message-parts.ts";
import { recordOf } from "../../content/safe-links.ts";
import { useServices } from "../../live/services.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import type { ItemOf } from "../conversation.ts";
import { ItemFrame } from "./item-frame.tsx";

type Props = { readonly item: ItemOf<"compaction">; readonly place: ThreadPlace };

/** The compaction. */
export function CompactionItem({ item, place }: Props) {
  const payload = item.completed?.payload ?? null;
  const hasFailed = payload?.status === "failed";
  const done = hasFailed ? texts.items.compactionFailed : texts.items.compacted;
  const label = payload === null ? texts.items.compacting : done;
  const failure = hasFailed ? (errorText(payload.error) ?? "") : "";
  return (
    <ItemFrame item={item} place={place} label={label}>
      <div className="compaction" data-state={payload === null ? "open" : "over"}>
        {payload === null || hasFailed ? (
          <p className="run-line">
            <FoldVertical aria-hidden="true" size={14} />
            {label}
          </p>
        ) : (
          <Summary item={item} label={label} />
        )}
        {payload !== null && !hasFailed && <OlderRollout item={item} place={place} />}
        {failure !== "" && (
          <div className="run-error">
            <PlainText text={failure} name="error" />
          </div>
        )}
      </div>
    </ItemFrame>
  );
}

function Summary({ item, label }: { readonly item: Props["item"]; readonly label: string }) {
  const { summary, replacement, tokensBefore, tokensAfter } = item.completed?.payload ?? {};
  const [before, after] = [numberOf(tokensBefore), numberOf(tokensAfter)];
  const kept = Array.isArray(replacement) ? replacement.map(recordOf) : [];
  const line = (
    <>
      <FoldVertical aria-hidden="true" size={14} />
      <span>{label}</span>
      {(before !== null || after !== null) && (
        <span>{texts.items.compactionTokens(before, after)}</span>
      )}
      {kept.length > 0 && <span>{texts.items.compactionKept(kept.length)}</span>}
    </>
  );
  const hasSummary = typeof summary === "string" && summary !== "";
  return (
    <Fold name="summary" className="run-line" summary={line}>
      {hasSummary && <Markdown text={summary} name="summary" />}
      {!hasSummary && kept.length === 0 && <p className="faint">{texts.items.noSummary}</p>}
      {kept.map((entry, index) => (
        <KeptEntry entry={entry ?? {}} name={`kept ${index}`} key={index} />
      ))}
    </Fold>
  );
}

/** A message that the compaction kept; of other entries only what they are. */
function KeptEntry({
  entry,
  name,
}: {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly name: string;
}) {
  const text = messageText(recordOf(entry.payload)?.content ?? null);
  return (
    <div className="kept-entry">
      <bdi className="faint">{String(entry.type ?? "").replaceAll("_", " ")}</bdi>
      {text !== "" && <Markdown text={text} name={name} />}
    </div>
  );
}

function OlderRollout({ item, place }: Props) {
  const { address } = useServices();
  const rolloutId = useOlderRollout(item, place.threadId);
  if (rolloutId === null) return null;
  const { threadId } = place;
  return (
    <a className="older-rollout" {...address.linkTo({ threadId, rolloutId, at: null })}>
      {texts.items.olderRollout}
    </a>
  );
}

/** The rollout the compaction closed: named by its start, else the one before its own. */
function useOlderRollout({ started, completed }: Props["item"], threadId: string): string | null {
  const { client } = useServices();
  const [found, setFound] = useState<string | null>(null);
  const own = completed?.rolloutId ?? null;
  const told = started?.rolloutId ?? null;
  useEffect(() => {
    if (told !== null || own === null) return;
    const stop = new AbortController();
    client.history.rollouts(threadId, { limit: 100 }, { signal: stop.signal }).then(
      ({ items }) => {
        const index = items.findIndex((rollout) => rollout.rolloutId === own);
        setFound(index === -1 ? null : (items[index + 1]?.rolloutId ?? null));
      },
      (error: unknown) => {
        // Without it there is no link; the list of rollouts still has it.
        if (!stop.signal.aborted && !(error instanceof SpoolError)) throw error;
      },
    );
    return () => stop.abort();
  }, [client, threadId, own, told]);
  return told ?? found;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
