/**
 * What a person unfolded, remembered beyond the elements: an item that is scrolled out of view
 * leaves the document, and comes back as it was. Kept in memory, the last few thousand choices.
 */
import { createContext, use, useState } from "react";

/** Names the item whose folds these are, unique on the page. */
export const FoldScope = createContext("");

const choices = new Map<string, boolean>();
const choicesMax = 5_000;

/** Whether the fold `name` of this item is open, and what changes that. Closed at first. */
export function useFold(name: string, isOpenAtFirst = false): [boolean, (isOpen: boolean) => void] {
  const key = `${use(FoldScope)} ${name}`;
  const [, showAnew] = useState({});
  const isOpen = choices.get(key) ?? isOpenAtFirst;
  const choose = (wanted: boolean) => {
    if (wanted === (choices.get(key) ?? isOpenAtFirst)) return;
    choices.delete(key);
    choices.set(key, wanted);
    const [oldest] = choices.keys();
    if (choices.size > choicesMax && oldest !== undefined) choices.delete(oldest);
    showAnew({});
  };
  return [isOpen, choose];
}
