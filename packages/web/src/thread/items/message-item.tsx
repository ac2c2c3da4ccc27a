/**
 * A message of a person or a model (WEB20), and what its parts look like whole and while they are
 * being written (WEB21).
 */
import { Brain } from "lucide-react";
import { useMemo } from "react";
import { CodeBlock } from "../../content/code-block.tsx";
import { Fold } from "../../content/fold.tsx";
import { ImageView } from "../../content/image-view.tsx";
import { jsonText, oneLine } from "../../content/json-text.ts";
import { Markdown } from "../../content/markdown.tsx";
import { type MessagePart, messageParts } from "../../content/message-parts.ts";
import { tokenUsage } from "../../content/token-usage.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import type { ItemOf } from "../conversation.ts";
import { ItemFrame } from "./item-frame.tsx";

type Props = { readonly item: ItemOf<"message">; readonly place: ThreadPlace };

/** The message as stored. */
export function MessageItem({ item, place }: Props) {
  const { role, event } = item;
  const { payload } = event;
  const parts = useMemo(() => messageParts(payload.content), [payload]);
  const hasFoot = role === "assistant" && parts.some((part) => part.kind !== "thinking");
  return (
    <ItemFrame item={item} place={place} role={role} label={texts.items[role]}>
      <MessageBody parts={parts} />
      {hasFoot && <MessageFoot words={footOf(payload)} />}
    </ItemFrame>
  );
}

/** The parts of a message, one below the other. */
export function MessageBody({
  parts,
  isWriting = false,
}: {
  readonly parts: readonly MessagePart[];
  readonly isWriting?: boolean;
}) {
  return (
    <div className="message">
      {parts.map((part, index) => (
        <Part
          part={part}
          name={`part ${index}`}
          isWriting={isWriting && index === parts.length - 1}
          key={index}
        />
      ))}
    </div>
  );
}

/** The faint line below an answer; always there, so that nothing jumps when it fills. */
export function MessageFoot({ words }: { readonly words: readonly string[] }) {
  return (
    <p className="message-foot faint">
      {words.map((word) => (
        <bdi key={word}>{word}</bdi>
      ))}
    </p>
  );
}

function footOf(payload: ItemOf<"message">["event"]["payload"]): string[] {
  const usage = tokenUsage(payload);
  const tokens = usage === null ? "" : texts.items.tokens(usage.input, usage.output);
  const model = typeof payload.model === "string" ? payload.model : "";
  return [model, tokens].filter((word) => word !== "");
}

type PartProps = { readonly part: MessagePart; readonly name: string; readonly isWriting: boolean };

function Part({ part, name, isWriting }: PartProps) {
  switch (part.kind) {
    case "text":
      return <Markdown text={part.text} name={name} isWriting={isWriting} />;
    case "thinking":
      return <Thinking text={part.text} name={name} isWriting={isWriting} />;
    case "image":
      return <ImageView source={part.source} label={part.label} />;
    case "other":
      return (
        <Fold name={name} summary={<bdi>{texts.items.otherPart(part.type.slice(0, 80))}</bdi>}>
          <CodeBlock code={jsonText(part.value)} language="json" name={name} wraps />
        </Fold>
      );
  }
}

/** Characters of a thought that its line shows. */
const thoughtUnits = 200;

function Thinking({ text, name, isWriting }: { text: string; name: string; isWriting: boolean }) {
  const last = text.slice(text.trimEnd().lastIndexOf("\n") + 1);
  const said = oneLine(isWriting ? last : text, thoughtUnits).replace(/^\*\*(.*?)\*\*/, "$1");
  const summary = (
    <>
      <Brain aria-hidden="true" size={14} />
      <span className="thinking-name">{texts.items.thinking}</span>
      <bdi className="thinking-line">{said}</bdi>
    </>
  );
  return (
    <Fold name={name} className="thinking" summary={summary}>
      <Markdown text={text} name={name} isWriting={isWriting} />
    </Fold>
  );
}
