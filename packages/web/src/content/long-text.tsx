/**
 * A text of any length: as it is while it is short, else folded (WEB22). Shown as a whole it stands
 * in pieces of which the browser lays out only those in view.
 */
import type { ReactNode } from "react";
import { texts } from "../texts.ts";
import { useFold } from "./fold-memory.ts";
import { type FoldLimits, foldedText, textPieces } from "./folded-text.ts";

type Props = {
  readonly text: string;
  readonly limits: FoldLimits;
  /** The fold's name within the item. */
  readonly name: string;
  /** Shows a part of the text. */
  readonly render: (part: string) => ReactNode;
};

/** UTF-16 units of a piece. */
const pieceUnits = 16_000;

/** The text, or its beginning and end with a button between them that shows all. */
export function LongText({ text, limits, name, render }: Props) {
  const [isAll, setAll] = useFold(`${name} all`);
  const folded = foldedText(text, limits);
  if (folded === null) return render(text);
  const { head, tail, lines } = folded;
  if (!isAll) {
    return (
      <div className="long-text">
        {render(head)}
        <button type="button" className="unfold" aria-expanded="false" onClick={() => setAll(true)}>
          {texts.items.showAll(lines, text.length)}
        </button>
        {tail !== "" && render(tail)}
      </div>
    );
  }
  return (
    <div className="long-text">
      {textPieces(text, pieceUnits).map((piece, index) => (
        <div className="piece" key={index}>
          {render(piece)}
        </div>
      ))}
      <button type="button" className="unfold" aria-expanded="true" onClick={() => setAll(false)}>
        {texts.items.showLess}
      </button>
    </div>
  );
}
