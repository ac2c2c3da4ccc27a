/**
 * What a tool call unfolds to: its input, then its output (WEB23, WEB24, WEB25), and the end of what
 * a running one has put out.
 */
import { CircleCheck, CircleDashed, CircleDot } from "lucide-react";
import { ChangesView } from "../../content/changes-view.tsx";
import { CodeBlock } from "../../content/code-block.tsx";
import { Fold } from "../../content/fold.tsx";
import { tailOf } from "../../content/folded-text.ts";
import { ImageView } from "../../content/image-view.tsx";
import { jsonText } from "../../content/json-text.ts";
import { TerminalText, TerminalView } from "../../content/terminal-view.tsx";
import type { PlanStep, ToolBody } from "../../content/tool-input.ts";
import type { ShownOutput } from "../../content/tool-output.ts";
import { texts } from "../../texts.ts";

/** The input. */
export function ToolInput({ body }: { readonly body: ToolBody }) {
  switch (body.kind) {
    case "nothing":
      return null;
    case "changes":
      return <ChangesView changes={body.changes} />;
    case "steps":
      return <Steps steps={body.steps} />;
    case "code":
      return (
        <>
          <CodeBlock code={body.code} language={body.language} name="input" wraps />
          {body.more !== "" && (
            <Fold name="more" summary={texts.items.otherInput}>
              <CodeBlock code={body.more} language="json" name="more" wraps />
            </Fold>
          )}
        </>
      );
  }
}

const stepIcons = { done: CircleCheck, active: CircleDot, open: CircleDashed } as const;
const stepWords = {
  done: texts.items.stepDone,
  active: texts.items.stepActive,
  open: texts.items.stepOpen,
} as const;

function Steps({ steps }: { readonly steps: readonly PlanStep[] }) {
  return (
    <ol className="steps">
      {steps.map(({ text, state }, index) => {
        const Icon = stepIcons[state];
        return (
          <li data-state={state} key={index}>
            <Icon aria-hidden="true" size={15} />
            <span className="hidden">{stepWords[state]}: </span>
            <bdi>{text}</bdi>
          </li>
        );
      })}
    </ol>
  );
}

/** The output, once there is one. */
export function ToolOutput({ output }: { readonly output: ShownOutput }) {
  if (output.parts.length === 0) return <p className="faint">{texts.items.noOutput}</p>;
  return (
    <div className="tool-output">
      {output.parts.map((part, index) => (
        <OutputPart part={part} name={`output ${index}`} key={index} />
      ))}
    </div>
  );
}

type OutputPartProps = { readonly part: ShownOutput["parts"][number]; readonly name: string };

function OutputPart({ part, name }: OutputPartProps) {
  switch (part.kind) {
    case "text":
    case "thinking":
      return <TerminalView text={part.text} name={name} />;
    case "json":
      return <CodeBlock code={part.text} language="json" name={name} wraps />;
    case "image":
      return <ImageView source={part.source} label={part.label} />;
    case "other":
      return <CodeBlock code={jsonText(part.value)} language="json" name={name} wraps />;
  }
}

/** Lines and characters of a running call's output that are shown. */
const tailLines = 8;
const tailUnits = 2_000;

/** The end of what a running call has put out so far. */
export function RunningOutput({ text }: { readonly text: string }) {
  if (text === "") return null;
  return (
    <div className="running-output" role="log" aria-live="off">
      <TerminalText text={tailOf(text, tailLines, tailUnits)} />
    </div>
  );
}
