/** A record that is none of the others; seen only when the page's switch says so (WEB28). */
import { Database } from "lucide-react";
import { CodeBlock } from "../../content/code-block.tsx";
import { Fold } from "../../content/fold.tsx";
import { jsonLine, jsonText } from "../../content/json-text.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import { useShowsCustom } from "../../ui/shows-custom.ts";
import type { ItemOf } from "../conversation.ts";
import { ItemFrame } from "./item-frame.tsx";

type Props = { readonly item: ItemOf<"custom">; readonly place: ThreadPlace };

/** Characters of the record that its line shows. */
const lineUnits = 200;

/** The record, or an element without height. */
export function CustomItem({ item, place }: Props) {
  const isShown = useShowsCustom();
  if (!isShown && place.at !== item.sequence) {
    return <div id={`event-${item.sequence}`} data-kind="custom" hidden />;
  }
  const { type, payload } = item.event;
  const isCustom = type === "custom";
  const data = isCustom ? payload.data : payload;
  const name = isCustom ? String(payload.name) : type;
  const summary = (
    <>
      <Database aria-hidden="true" size={14} className="tool-icon" />
      <bdi className="tool-name">{name.slice(0, 80)}</bdi>
      <bdi className="tool-telling">{jsonLine(data ?? null, lineUnits)}</bdi>
    </>
  );
  return (
    <ItemFrame item={item} place={place} label={`${texts.items.custom} ${name}`}>
      <Fold name="data" className="tool custom" summary={summary}>
        <CodeBlock code={jsonText(data ?? null)} language="json" name="data" wraps />
      </Fold>
    </ItemFrame>
  );
}
