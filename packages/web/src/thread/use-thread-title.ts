/** The open thread's title in the browser's tab, with a mark while a run is active. */
import type { Thread } from "@spool/protocol/resources";
import { useEffect } from "react";
import { texts } from "../texts.ts";

/** Follows the thread; the page's own name once it is closed. */
export function useThreadTitle(thread: Thread | null): void {
  const title = thread === null ? null : pageTitle(thread);
  useEffect(() => {
    document.title = title ?? texts.app.name;
    return () => {
      document.title = texts.app.name;
    };
  }, [title]);
}

function pageTitle({ title, status }: Thread): string {
  const mark = status === "idle" ? "" : `${texts.pageTitle.running} `;
  return `${mark}${title ?? texts.list.untitled} · ${texts.app.name}`;
}
