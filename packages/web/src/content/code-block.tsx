/** Code: its language, a button that copies it, its text in colours. */
import { memo, useMemo } from "react";
import { texts } from "../texts.ts";
import { CopyButton } from "./copy-button.tsx";
import type { FoldLimits } from "./folded-text.ts";
import { useHighlighter } from "./highlight.ts";
import { LongText } from "./long-text.tsx";
import "./content.css";

type Props = {
  readonly code: string;
  /** As the writer named it; empty when they did not. */
  readonly language: string;
  /** The fold's name within the item. */
  readonly name: string;
  readonly isWriting?: boolean;
  /** Long lines go on below instead of to the right. */
  readonly wraps?: boolean;
};

const limits: FoldLimits = { headLines: 120, tailLines: 20, units: 24_000 };
/** Colouring as many UTF-16 units takes a few milliseconds; while it is written, one of them. */
const colouredUnits = 24_000;
const colouredWhileWriting = 4_000;
const languageUnits = 24;

/** A block of code. */
export const CodeBlock = memo(function CodeBlock(props: Props) {
  const { code, language, name, isWriting = false, wraps = false } = props;
  const isColoured = code.length <= (isWriting ? colouredWhileWriting : colouredUnits);
  return (
    <div className="code-block">
      <div className="code-head">
        <bdi className="faint">{language.slice(0, languageUnits)}</bdi>
        <CopyButton text={code} label={texts.items.copyCode} />
      </div>
      <LongText
        text={code}
        limits={limits}
        name={name}
        render={(part) => <Code code={part} language={isColoured ? language : ""} wraps={wraps} />}
      />
    </div>
  );
});

const Code = memo(function Code({
  code,
  language,
  wraps,
}: Pick<Props, "code" | "language" | "wraps">) {
  const highlight = useHighlighter(language !== "");
  const coloured = useMemo(
    () => (highlight === null || language === "" ? null : highlight(code, language)),
    [highlight, code, language],
  );
  return (
    // What scrolls must be reached by keys.
    <pre className={wraps ? "code wraps" : "code"} dir="ltr" tabIndex={wraps ? undefined : 0}>
      <code>{coloured ?? code}</code>
    </pre>
  );
});
