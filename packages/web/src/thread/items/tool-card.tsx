/**
 * A tool call as a card of one line that unfolds to input and output (WEB23). The same card while it
 * runs and when it is done, so that nothing jumps.
 */
import {
  Bot,
  Check,
  CircleSlash,
  CircleX,
  FilePen,
  FileText,
  Globe,
  ImageIcon,
  ListTodo,
  LoaderCircle,
  type LucideIcon,
  Search,
  Terminal,
  Wrench,
} from "lucide-react";
import type { ReactNode } from "react";
import { ChangeCounts } from "../../content/changes-view.tsx";
import { Fold } from "../../content/fold.tsx";
import type { ShownCall, ToolKind } from "../../content/tool-input.ts";
import { texts } from "../../texts.ts";

/**
 * How a call stands; `unanswered` when its run ended without a result. `detail` says more: an exit
 * code, a duration.
 */
export type CallState = {
  readonly kind: "running" | "done" | "failed" | "unanswered";
  readonly detail: string;
};

type Props = {
  readonly name: string;
  readonly call: ShownCall;
  readonly state: CallState;
  /** Stands below the line while the card is folded: output of a running call. */
  readonly below?: ReactNode;
  /** What it unfolds to. */
  readonly children: ReactNode;
};

const icons = new Map<ToolKind, LucideIcon>([
  ["shell", Terminal],
  ["edit", FilePen],
  ["read", FileText],
  ["search", Search],
  ["web", Globe],
  ["agent", Bot],
  ["plan", ListTodo],
  ["image", ImageIcon],
]);

/** The card. */
export function ToolCard({ name, call, state, below, children }: Props) {
  const Icon = icons.get(call.kind) ?? Wrench;
  const { body, telling } = call;
  const summary = (
    <>
      <Icon aria-hidden="true" size={15} className="tool-icon" />
      <bdi className="tool-name">{shortName(name)}</bdi>
      <bdi className="tool-telling">{telling}</bdi>
      {body.kind === "changes" && <ChangeCounts changes={body.changes} />}
      <ToolState state={state} />
    </>
  );
  return (
    <div className="tool-card" data-state={state.kind}>
      <Fold name="card" className="tool" summary={summary}>
        {children}
      </Fold>
      {below}
    </div>
  );
}

const stateIcons = {
  running: LoaderCircle,
  done: Check,
  failed: CircleX,
  unanswered: CircleSlash,
} as const;

function ToolState({ state: { kind, detail } }: { readonly state: CallState }) {
  const Icon = stateIcons[kind];
  return (
    <span className="tool-state" data-state={kind}>
      {detail !== "" && <span>{detail}</span>}
      <Icon aria-hidden="true" size={15} />
      <span className="hidden">{texts.items[kind]}</span>
    </span>
  );
}

/** Long names of connected servers' tools lose their middle. */
function shortName(name: string): string {
  const plain = name.replace(/^mcp__/, "").replaceAll("__", " ");
  return plain.length > 48 ? `${plain.slice(0, 30)}…${plain.slice(-16)}` : plain;
}
