/**
 * Syntax colours, loaded when code is first shown. Until they are there, and where they cannot be
 * loaded, code is plain: colours never change where anything stands.
 */
import { type ReactNode, useEffect } from "react";
import { useStore } from "../live/services.ts";
import { Store } from "../live/store.ts";

/** Code as coloured elements; null for a language it does not know. */
export type Highlighter = (code: string, language: string) => ReactNode | null;

const highlighter = new Store<Highlighter | null>(null);
let isAskedFor = false;

/** The highlighter once it is there; asks for it when it is wanted. */
export function useHighlighter(isWanted: boolean): Highlighter | null {
  useEffect(() => {
    if (isWanted && !isAskedFor) void load();
  }, [isWanted]);
  return useStore(highlighter);
}

async function load(): Promise<void> {
  isAskedFor = true;
  try {
    highlighter.set((await import("./highlighter.ts")).highlighted);
  } catch {
    // Offline, or the server has a newer page: code stays plain, and the next code asks again.
    isAskedFor = false;
  }
}
