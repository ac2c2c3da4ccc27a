/**
 * A tool call's name and input as a card shows them (WEB23): what kind of work it is, the part of
 * the input that tells most, and what to unfold. Pure; knows the words of Codex, Claude Code,
 * Gemini, OpenCode and pi, and makes do with any other.
 */
import { commandText, type FileChange, fileChanges } from "./file-changes.ts";
import { jsonLine, jsonText, oneLine } from "./json-text.ts";
import { recordOf, textOf } from "./safe-links.ts";

/** What kind of work a call is; chooses its icon. */
export type ToolKind =
  | "shell"
  | "edit"
  | "read"
  | "search"
  | "web"
  | "agent"
  | "plan"
  | "image"
  | "other";

/** What a card unfolds of its input. */
export type ToolBody =
  | {
      readonly kind: "code";
      readonly language: string;
      readonly code: string;
      readonly more: string;
    }
  | { readonly kind: "changes"; readonly changes: readonly FileChange[] }
  | { readonly kind: "steps"; readonly steps: readonly PlanStep[] }
  | { readonly kind: "nothing" };

/** One line of a plan. */
export type PlanStep = { readonly text: string; readonly state: "done" | "active" | "open" };

/** How a call is shown. `telling` is one line, maybe empty. */
export type ShownCall = {
  readonly kind: ToolKind;
  readonly telling: string;
  readonly body: ToolBody;
};

const tellingUnits = 300;

/** Kinds by how the tool's name reads, the first that fits. */
const kindsByName: readonly (readonly [RegExp, ToolKind])[] = [
  [/^(?:bash|shell|exec|local_?shell|run_?(?:shell_)?command|terminal|write_stdin)/i, "shell"],
  [/^(?:kill_?(?:bash|shell)|bash_?output)/i, "shell"],
  [
    /apply_?patch|(?:^|_)(?:multi_?)?edit|^write|^replace|^str_replace|notebook_?edit|^patch/i,
    "edit",
  ],
  [/web|fetch|browser|url/i, "web"],
  [/image|screenshot/i, "image"],
  [/^(?:task|agent)$|spawn_?agent|_agent$|send_?message|subagent/i, "agent"],
  [/plan|todo|^task/i, "plan"],
  [/grep|glob|search|find|^ls$|list/i, "search"],
  [/read|view|cat|open/i, "read"],
];

/** Fields that tell most of a call, the first that is there. */
const tellingFields = [
  "description",
  "file_path",
  "filePath",
  "notebook_path",
  "pattern",
  "query",
  "url",
  "path",
  "file",
  "chars",
  "subject",
  "title",
  "name",
  "skill",
  "prompt",
  "message",
  "objective",
  "text",
  "code",
  "id",
];

/** How the call is shown; `input` null while it is not told yet. */
export function shownCall(name: string, input: unknown): ShownCall {
  const changes = fileChanges(input);
  const fields = recordOf(input) ?? {};
  const steps = changes === null ? planSteps(fields) : null;
  const command = commandText(fields);
  const kind = kindOf(name, { changes, command });
  return {
    kind,
    telling: tellingOf(input, { changes, steps, command }),
    body: bodyOf(input, { changes, steps, command }),
  };
}

type Read = {
  readonly changes: readonly FileChange[] | null;
  readonly steps: readonly PlanStep[] | null;
  readonly command: string | null;
};

function kindOf(name: string, { changes, command }: Pick<Read, "changes" | "command">): ToolKind {
  if (changes !== null) return "edit";
  if (command !== null) return "shell";
  const plain = name.split("__").at(-1) ?? name;
  return kindsByName.find(([pattern]) => pattern.test(plain))?.[1] ?? "other";
}

function tellingOf(input: unknown, { changes, steps, command }: Read): string {
  if (changes !== null) return changes.map((change) => change.movedTo ?? change.path).join(", ");
  if (command !== null) return oneLine(command, tellingUnits);
  if (steps !== null)
    return (steps.find((step) => step.state === "active") ?? steps.at(-1))?.text ?? "";
  if (typeof input === "string") return oneLine(input, tellingUnits);
  const fields = recordOf(input);
  if (fields === null)
    return input === null || input === undefined ? "" : jsonLine(input, tellingUnits);
  const own = (name: string) => (Object.hasOwn(fields, name) ? textOf(fields[name]) : null);
  const telling = tellingFields.map(own).find((text) => text !== null);
  if (telling !== undefined) return oneLine(telling, tellingUnits);
  return Object.keys(fields).length === 0 ? "" : jsonLine(fields, tellingUnits);
}

function bodyOf(input: unknown, { changes, steps, command }: Read): ToolBody {
  if (changes !== null) return { kind: "changes", changes };
  if (steps !== null) return { kind: "steps", steps };
  if (typeof input === "string") {
    return input === "" ? { kind: "nothing" } : code(input, looksLikeScript(input) ? "js" : "");
  }
  const fields = recordOf(input);
  const isEmpty = fields !== null && Object.keys(fields).length === 0;
  if (input === null || input === undefined || isEmpty) return { kind: "nothing" };
  if (command === null || fields === null) return code(jsonText(input), "json");
  const { command: _, cmd: __, ...others } = fields;
  return {
    ...code(command, "bash"),
    more: Object.keys(others).length === 0 ? "" : jsonText(others),
  };
}

function code(text: string, language: string): Extract<ToolBody, { kind: "code" }> {
  return { kind: "code", code: text, language, more: "" };
}

/** Raw input of a code tool: a program. */
function looksLikeScript(text: string): boolean {
  return /^\s*(?:const|let|await|import|async|function|\/\/)\b|\bawait tools\./.test(
    text.slice(0, 400),
  );
}

const stepStates = new Map<unknown, PlanStep["state"]>([
  ["completed", "done"],
  ["done", "done"],
  ["in_progress", "active"],
]);

/** The steps of a plan or a list of things to do; null for an input that holds none. */
function planSteps(fields: Readonly<Record<string, unknown>>): PlanStep[] | null {
  const list = fields.plan ?? fields.todos;
  if (!Array.isArray(list) || list.length === 0) return null;
  const steps = list.map((entry) => {
    const { step, content, text, description, status } = recordOf(entry) ?? {};
    const words = textOf(step) ?? textOf(content) ?? textOf(text) ?? textOf(description);
    return words === null ? null : { text: words, state: stepStates.get(status) ?? "open" };
  });
  return steps.every((step) => step !== null) ? steps : null;
}
