/** Reads new messages of the open thread out, politely and whole: deltas are not announced. */
import { useEffect, useRef, useState } from "react";
import { announcement } from "./announcement.ts";
import type { Item } from "./conversation.ts";

/** What comes within this time is announced together, in milliseconds. */
const gatherMs = 700;

/** A live region that nobody sees. What was there when the thread was opened is not read out. */
export function Announcer({ items }: { readonly items: readonly Item[] }) {
  const [text, setText] = useState("");
  const latest = useRef(items);
  const known = useRef(endOf(items));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = items;
    if (timer.current !== undefined || endOf(items) <= known.current) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const words = announcement(latest.current, known.current);
      known.current = endOf(latest.current);
      if (words !== null) setText(words);
    }, gatherMs);
  }, [items]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <p className="hidden" role="status" data-announcer="true">
      <bdi>{text}</bdi>
    </p>
  );
}

function endOf(items: readonly Item[]): number {
  return items.at(-1)?.sequence ?? 0;
}
