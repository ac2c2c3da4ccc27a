/**
 * Prints a thread's frames for people: one heading per event (number, time, run, what), its text
 * indented below, and text in flight as it comes. Content never reaches the terminal unescaped.
 * Used by `spool tail` on a terminal.
 *
 *   …12 14:02:10 run started  1a2b3c4d  codex · gpt-5
 *   …13 14:02:10 user         1a2b3c4d
 *     Why does the build fail?
 */
import { styleText } from "node:util";
import type { Received } from "@spool/client/watch-progress";
import type { InFlight, Snapshot, TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import { fitWidth } from "../display-width.ts";
import { printable, printableLine } from "../printable-text.ts";
import {
  compact,
  type EventText,
  eventText,
  foldedLinesMax,
  messageText,
  type Tone,
} from "./event-text.ts";
import { LiveText } from "./live-text.ts";

type Format = Parameters<typeof styleText>[0];

/** How each tone looks on a terminal. */
export const formats: Readonly<Record<Tone, Format>> = {
  user: ["cyan", "bold"],
  assistant: ["green", "bold"],
  tool: "yellow",
  good: "green",
  bad: "red",
  quiet: "dim",
};
const indent = "  ";
const wordWidth = 14;
const runTailLength = 8;
/** Columns before the run: number, time, word, and what is between them; and behind it. */
const headColumns = 5 + 1 + 8 + 1 + wordWidth + 2;
const summaryColumnsMin = 20;

/** What the printer needs to know of its surroundings. */
export type FramePrinterOptions = {
  /** The terminal's width, which may change while it watches. */
  readonly columns: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** A text in flight: what it is told apart by, what it is called, its run. */
type LiveItem = { readonly key: string; readonly word: string; readonly runId: string };

/** Turns frames into text. Keeps what is in flight, so one is made per thread watched. */
export class FramePrinter {
  readonly #live = new LiveText();
  readonly #options: FramePrinterOptions;
  #date = "";
  /** The id whose text the last line belongs to; null when the last line is finished. */
  #open: string | null = null;
  /** Lines of tool output shown live, by call. */
  readonly #outputLines = new Map<string, number>();

  constructor(options: FramePrinterOptions) {
    this.#options = options;
  }

  /** What to print for a frame; may be empty, may end inside a line. */
  textOf(received: Received): string {
    switch (received.kind) {
      case "snapshot":
        return this.#snapshot(received.frame);
      case "event":
        return this.#event(received.frame);
      case "transient":
        return this.#transient(received.frame);
      case "notice":
        return this.#note(noticeText(received.frame));
    }
  }

  /** Ends a line that is still open, before something else is printed. */
  endLine(): string {
    if (this.#open === null) return "";
    this.#open = null;
    return "\n";
  }

  #snapshot({ events, inFlight, resumed, reason }: Snapshot): string {
    if (!resumed) this.#live.clear();
    const note = !resumed && reason !== undefined ? this.#note(`starts over: ${reason}`) : "";
    return note + events.map((event) => this.#event(event)).join("") + this.#inFlight(inFlight);
  }

  #event(event: Event): string {
    const text = eventText(event);
    const id = idOf(event.payload);
    if (event.type === "run_completed") {
      this.#live.clear();
      this.#outputLines.clear();
    }
    if (event.type === "assistant_message" && id !== null) {
      const rest = this.#live.finish(id, messageText(event.payload.content));
      this.#live.finish(`${id} thinking`, "");
      if (rest !== null) return this.#finishMessage(id, event, printable(rest));
    }
    if (event.type === "tool_result" && id !== null && this.#live.has(`${id} output`)) {
      this.#live.finish(`${id} output`, "");
      this.#outputLines.delete(id);
      return this.#heading(event, { ...text, summary: text.summary || "done" });
    }
    return this.#heading(event, text) + bodyOf(text, this.#options.columns());
  }

  /** The rest of a message whose beginning was shown as it came. */
  #finishMessage(id: string, event: Event, rest: string): string {
    const open = this.#open === id;
    const heading = open ? "" : this.#heading(event, { ...eventText(event), summary: "continued" });
    this.#open = null;
    if (!open && rest === "") return heading;
    return `${heading}${open ? "" : indent}${indented(rest)}\n`;
  }

  #heading(event: Pick<Event, "runId" | "createdAt"> & Partial<Event>, text: EventText): string {
    const time = new Date(event.occurredAt ?? event.createdAt);
    const number = event.sequence === undefined ? "" : String(event.sequence);
    const run = event.runId?.replace(/^run_/, "").slice(-runTailLength) ?? "";
    const quiet = styleText("dim", `${number.padStart(5)} ${clock(time)}`);
    const word = styleText(formats[text.tone], `${text.word} `.padEnd(wordWidth));
    const room = this.#options.columns() - (headColumns + run.length);
    const summary = fitWidth(text.summary, Math.max(room, summaryColumnsMin));
    const line = `${quiet} ${word}${styleText("magenta", run)}  ${summary}`.trimEnd();
    return `${this.endLine()}${this.#dateLine(time)}${line}\n`;
  }

  #dateLine(time: Date): string {
    const date = time.toDateString();
    if (date === this.#date) return "";
    this.#date = date;
    return `${styleText("dim", date)}\n`;
  }

  #note(text: string): string {
    return `${this.endLine()}${styleText("blue", printableLine(text))}\n`;
  }

  #inFlight(inFlight: InFlight | null): string {
    if (inFlight === null) return "";
    const { runId } = inFlight;
    const messages = inFlight.messages.map((message) => {
      const { messageId: key, text, textOffset, thinking, thinkingOffset } = message;
      const thought = { key: `${key} thinking`, word: "thinking", runId };
      return (
        this.#delta(thought, thinking, thinkingOffset) +
        this.#delta({ key, word: "assistant", runId }, text, textOffset)
      );
    });
    const outputs = inFlight.toolCalls.map(({ toolCallId, output, outputOffset }) =>
      this.#output({ toolCallId, runId }, output, outputOffset),
    );
    return messages.join("") + outputs.join("");
  }

  #transient({ type, payload, runId }: TransientFrame): string {
    const { messageId, toolCallId, delta = "", offset: from } = payload as Record<string, unknown>;
    const offset = typeof from === "number" ? from : undefined;
    switch (type) {
      case "assistant_message_delta":
        return this.#delta({ key: `${messageId}`, word: "assistant", runId }, `${delta}`, offset);
      case "assistant_thinking_delta": {
        const of = { key: `${messageId} thinking`, word: "thinking", runId };
        return this.#delta(of, `${delta}`, offset);
      }
      case "tool_output_delta":
        return this.#output({ toolCallId: `${toolCallId}`, runId }, `${delta}`, offset);
      case "tool_call_started":
        return this.#call(`${compact(payload.name)} ${compact(payload.input)}`, runId);
      default:
        return "";
    }
  }

  #call(summary: string, runId: string): string {
    const text = { ...eventText({ type: "tool_call", payload: {} }), word: "calling", summary };
    return this.#heading({ runId, createdAt: this.#now() }, text);
  }

  #delta(of: LiveItem, delta: string, offset?: number): string {
    const { text, gap } = this.#live.take(of.key, delta, offset);
    return text === "" ? "" : this.#show(of, gap ? `… ${text}` : text);
  }

  /** A tool's output as it comes, its first lines only. */
  #output(
    { toolCallId, runId }: { toolCallId: string; runId: string },
    delta: string,
    offset?: number,
  ): string {
    const key = `${toolCallId} output`;
    const { text } = this.#live.take(key, delta, offset);
    const used = this.#outputLines.get(toolCallId) ?? 0;
    if (text === "" || used > foldedLinesMax) return "";
    const lines = text.split("\n");
    this.#outputLines.set(toolCallId, used + lines.length - 1);
    const left = foldedLinesMax - used;
    const shown = lines.length > left + 1 ? [...lines.slice(0, left), "…"] : lines;
    return this.#show({ key, word: "output", runId }, shown.join("\n"));
  }

  /** Goes on with the open line, or begins a new one. */
  #show(of: LiveItem, text: string): string {
    const open = this.#open === of.key;
    const heading = open ? "" : `${this.#liveHeading(of.word, of.runId)}${indent}`;
    this.#open = of.key;
    return `${heading}${indented(printable(text))}`;
  }

  /** Live frames carry no time of the server's. */
  #now(): string {
    return new Date(this.#options.now()).toISOString();
  }

  #liveHeading(word: string, runId: string): string {
    const tone: Tone = word === "assistant" ? "assistant" : "quiet";
    const text = { ...eventText({ type: "", payload: {} }), word, tone, summary: "…" };
    return this.#heading({ runId, createdAt: this.#now() }, text);
  }
}

/** A message in full; of anything else the first lines, each cut to the terminal's width. */
function bodyOf({ body, bodyLinesMax, tone }: EventText, columns: number): string {
  const text = body.replace(/\n+$/, "");
  if (text === "") return "";
  if (bodyLinesMax === null) return `${indent}${indented(text)}\n`;
  const lines = text.split("\n");
  const shown = lines.slice(0, bodyLinesMax).map((line) => fitWidth(line, columns - indent.length));
  if (lines.length > bodyLinesMax) shown.push(`… ${lines.length - bodyLinesMax} more lines`);
  const all = shown.map((line) => `${indent}${line}\n`).join("");
  return tone === "quiet" || tone === "bad" ? styleText("dim", all) : all;
}

function indented(text: string): string {
  return text.replaceAll("\n", `\n${indent}`);
}

function clock(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function idOf(payload: { readonly [name: string]: unknown }): string | null {
  const id = payload.messageId ?? payload.toolCallId;
  return typeof id === "string" ? id : null;
}

function noticeText(frame: { type: string; [field: string]: unknown }): string {
  switch (frame.type) {
    case "thread_renamed":
      return frame.title === null ? "title taken away" : `renamed to ${frame.title}`;
    case "thread_archived":
      return frame.archived === true ? "archived" : "back in the list";
    case "thread_deleted":
      return "deleted";
    default:
      return frame.type.replaceAll("_", " ");
  }
}
