/**
 * Names, ids and inputs of calls as a model's API takes them: what fits its patterns stays as it
 * is, anything else is mapped the same way every time, and no id stands for two calls (CTX7).
 */
import { createHash } from "node:crypto";
import type { ToolCallPart } from "@spool/protocol/context";
import type { JsonObject } from "@spool/protocol/json";

/** What a result that was never recorded says to a model. */
export const missingResult =
  "No result was recorded: the call was interrupted, or had not ended yet.";
/** What an error without a word of its own says. */
export const emptyError = "The call failed without output.";
const unknownName = "unknown_tool";
const unusable = /[^A-Za-z0-9_-]/g;

/** What an API demands of calls. */
export type CallRules = {
  /** Most characters of an id and of a name. */
  readonly idMax: number;
  readonly nameMax: number;
};

/** A call as an API takes it. */
export type NamedCall = {
  readonly id: string;
  readonly name: string;
  readonly input: { [name: string]: unknown };
};

/** Maps the calls of one request, in their order. Keeps which ids are taken. */
export class CallNames {
  readonly #rules: CallRules;
  readonly #taken = new Set<string>();

  constructor(rules: CallRules) {
    this.#rules = rules;
  }

  /** The call's id, name and input. An input that is no object becomes `{input: …}`. */
  next({ toolCallId, name, input }: ToolCallPart): NamedCall {
    return { id: this.#idOf(toolCallId), name: this.#nameOf(name), input: inputObject(input) };
  }

  #idOf(toolCallId: string): string {
    let id = toolCallId;
    const fits = id.length <= this.#rules.idMax && !/[^A-Za-z0-9_-]/.test(id);
    for (let count = 0; count === 0 || this.#taken.has(id); count += 1) {
      if (count > 0 || !fits) id = `call_${digestOf(`${toolCallId}#${count}`)}`;
    }
    this.#taken.add(id);
    return id;
  }

  #nameOf(name: string | null): string {
    const { nameMax } = this.#rules;
    const usable = (name ?? unknownName).replace(unusable, "_");
    if (usable.length <= nameMax) return usable;
    return `${usable.slice(0, nameMax - 9)}_${digestOf(name ?? "").slice(0, 8)}`;
  }
}

function inputObject(input: unknown): { [name: string]: unknown } {
  if (input === null) return {};
  const isObject = typeof input === "object" && !Array.isArray(input);
  return isObject ? { ...(input as JsonObject) } : { input };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 24);
}
