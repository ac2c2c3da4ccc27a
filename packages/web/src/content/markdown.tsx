/**
 * Text of people and models as Markdown (WEB20–WEB22): React elements made of a tree, never markup.
 * A text that is being written is parsed anew only in its last block.
 */
import { Component, memo, type ReactNode, useMemo, useState } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { texts } from "../texts.ts";
import { CodeBlock } from "./code-block.tsx";
import { type FoldLimits, tailOf } from "./folded-text.ts";
import { ImageView } from "./image-view.tsx";
import { LongText } from "./long-text.tsx";
import { linkDefinitions, shownBlock } from "./markdown-block.ts";
import { markdownBlocksAfter } from "./markdown-blocks.ts";
import { imageSourceOf, linkTarget } from "./safe-links.ts";
import "./content.css";
import "./markdown.css";

/** Beyond these a text is not taken for Markdown. */
const markdownUnits = 200_000;
const markdownBlocksMax = 10_000;
/** Of a text beyond them the end is shown while it is written: lines and UTF-16 units. */
const writtenLines = 100;
const writtenUnits = 8_000;
const plainLimits: FoldLimits = { headLines: 200, tailLines: 0, units: 16_000 };

type Props = {
  readonly text: string;
  /** The folds' name within the item. */
  readonly name: string;
  readonly isWriting?: boolean;
};

/** The text as Markdown. */
export function Markdown({ text, name, isWriting = false }: Props) {
  const blocks = useBlocks(text.length > markdownUnits ? "" : text);
  const definitions = useMemo(() => linkDefinitions(text), [text]);
  const isPlain = text.length > markdownUnits || blocks.length > markdownBlocksMax;
  if (isPlain && isWriting) {
    return <div className="plain-text">{tailOf(text, writtenLines, writtenUnits)}</div>;
  }
  if (isPlain) return <PlainText text={text} name={name} />;
  return (
    <div className="markdown" dir="auto">
      {blocks.map((block, index) => (
        <Block
          key={index}
          text={block}
          definitions={block.includes("[") ? definitions : ""}
          name={`${name} ${index}`}
          isWriting={isWriting && index === blocks.length - 1}
        />
      ))}
    </div>
  );
}

/** Text without any markup; long ones folded. */
export function PlainText({ text, name }: Pick<Props, "text" | "name">) {
  return (
    <LongText
      text={text}
      limits={plainLimits}
      name={name}
      render={(part) => (
        <div className="plain-text" dir="auto">
          {part}
        </div>
      )}
    />
  );
}

/** The blocks; those that were there the last time are not cut again. */
function useBlocks(text: string): readonly string[] {
  const [last] = useState<{ blocks: readonly string[]; text: string }>({ blocks: [], text: "" });
  if (last.text !== text) {
    last.blocks = markdownBlocksAfter(last.blocks, text);
    last.text = text;
  }
  return last.blocks;
}

type BlockProps = Props & { readonly definitions: string };

const Block = memo(function Block({ text, definitions, name, isWriting }: BlockProps) {
  const shown = shownBlock(text);
  switch (shown.kind) {
    case "code":
      return <CodeBlock {...shown} name={name} isWriting={isWriting === true} />;
    case "plain":
      return <PlainText text={shown.text} name={name} />;
    case "markdown":
      return (
        <PlainWhenBroken text={shown.text} name={name}>
          <Parsed text={definitions === "" ? shown.text : `${shown.text}\n\n${definitions}`} />
        </PlainWhenBroken>
      );
  }
});

/** The address is judged where it is used, so nothing is lost on the way there. */
const asItIs = (address: string) => address;
const plugins = [remarkGfm];

function Parsed({ text }: { readonly text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={asItIs}>
      {text}
    </ReactMarkdown>
  );
}

/** What no parser should do: fail. The text is shown all the same. */
class PlainWhenBroken extends Component<
  { readonly text: string; readonly name: string; readonly children: ReactNode },
  { readonly isBroken: boolean }
> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    const { text, name, children } = this.props;
    return this.state.isBroken ? <PlainText text={text} name={name} /> : children;
  }
}

const components: Components = {
  // The page's own heading is the thread's title.
  h1: ({ children }) => <h2 className="first-level">{children}</h2>,
  a: ({ href = "", children }) => <TextLink address={href}>{children}</TextLink>,
  img: ({ src, alt = "" }) => <ImageView source={imageSourceOf(String(src ?? ""))} label={alt} />,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <div className="table-scroll" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  input: ({ checked }) => (
    <input
      type="checkbox"
      disabled
      checked={checked === true}
      aria-label={checked ? texts.items.stepDone : texts.items.stepOpen}
    />
  ),
  pre: ({ node }) => {
    const [code] = node?.children ?? [];
    if (code?.type !== "element") return null;
    const [text] = code.children;
    const language = /^language-(.*)$/.exec(String(code.properties.className ?? ""))?.[1] ?? "";
    const value = text?.type === "text" ? text.value.replace(/\n$/, "") : "";
    return (
      <CodeBlock code={value} language={language} name={`code ${node?.position?.start.line}`} />
    );
  },
};

/** A link, or the text and the address it would have led to. */
function TextLink({
  address,
  children,
}: {
  readonly address: string;
  readonly children?: ReactNode;
}) {
  const target = linkTarget(address);
  if (target === null) {
    const said = address.length > 120 ? `${address.slice(0, 120)}…` : address;
    return (
      <span>
        {children} <bdi className="faint">({said})</bdi>
      </span>
    );
  }
  return (
    <a href={target} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
