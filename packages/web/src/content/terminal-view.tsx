/** Text of a terminal, in its colours, long ones folded (WEB25). */
import { memo, useMemo } from "react";
import type { FoldLimits } from "./folded-text.ts";
import { LongText } from "./long-text.tsx";
import { type TerminalPiece, terminalPieces } from "./terminal-text.ts";
import "./content.css";

const limits: FoldLimits = { headLines: 25, tailLines: 15, units: 12_000 };

/** The output; `name` is its fold's within the item. */
export function TerminalView({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <LongText
      text={text}
      limits={limits}
      name={name}
      render={(part) => <TerminalText text={part} />}
    />
  );
}

/** Terminal text as a whole. */
export const TerminalText = memo(function TerminalText({ text }: { readonly text: string }) {
  const pieces = useMemo(() => terminalPieces(text), [text]);
  return (
    <pre className="code terminal wraps" dir="ltr">
      {pieces.map((piece, index) => {
        const className = classOf(piece);
        return className === "" ? (
          piece.text
        ) : (
          <span className={className} key={index}>
            {piece.text}
          </span>
        );
      })}
    </pre>
  );
});

function classOf({ colour, isBold, isItalic, isUnderlined }: TerminalPiece): string {
  return [
    colour === null ? "" : `ink-${colour}`,
    isBold ? "is-bold" : "",
    isItalic ? "is-italic" : "",
    isUnderlined ? "is-underlined" : "",
  ]
    .filter((name) => name !== "")
    .join(" ");
}
