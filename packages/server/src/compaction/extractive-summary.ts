/**
 * The summary that needs no model: what the conversation itself says about its goal, what was
 * decided and done, what went wrong, and how it ended. Deterministic; every section has its share of
 * the whole, so that no long message can push the rest out. Pure (ROL16).
 */
import type { Entry, History } from "../context/history.ts";
import { sentencesOf, textOfContent } from "./message-sentences.ts";
import { type Traces, tracesOf } from "./tool-traces.ts";

/** Characters of the summary as JSON text: what stands in the event. */
export const summaryLengthMax = 11_600;

/** The lines are asked for in order, as long as they fit. */
type Section = {
  readonly title: string;
  readonly share: number;
  readonly lines: Iterable<string>;
};

const wish =
  /\b(must|never|always|only|do not|don't|should|without|make sure|prefer|avoid|keep)\b/i;
const choice =
  /\b(decided|chose|instead|because|root cause|the fix|fixed|plan|approach|turns out|so that)\b/i;

/** Summarises a history; `instructions` tells what matters to whoever asked. */
export function extractiveSummary(history: History, instructions: string | null): string {
  const said = saidIn(history.entries);
  const traces = tracesOf(history.entries);
  const sections: Section[] = [
    { title: "Before this", share: 1_900, lines: earlier(history.summary) },
    { title: "Goal", share: 1_300, lines: said.users.slice(0, 1) },
    { title: "Asked since", share: 1_000, lines: newest(requests(said.users.slice(1)), 200) },
    { title: "Constraints", share: 900, lines: sentencesWith(said.users, wish) },
    { title: "Asked to keep", share: 900, lines: wanted(said, instructions) },
    { title: "Decisions", share: 1_100, lines: sentencesWith(said.assistants, choice) },
    ...traceSections(traces),
    { title: "Last messages", share: 1_700, lines: lastMessages(history.entries) },
  ];
  return assembled(sections);
}

type Said = { readonly users: readonly string[]; readonly assistants: readonly string[] };

function saidIn(entries: readonly Entry[]): Said {
  const textsOf = (wanted: string) =>
    entries
      .filter(({ type }) => type === wanted)
      .map(({ payload }) => textOfContent(payload.content).trim())
      .filter((text) => text !== "");
  return { users: textsOf("user_message"), assistants: textsOf("assistant_message") };
}

/** A "yes" or a "2" says nothing without the question. */
function requests(texts: readonly string[]): string[] {
  return texts.filter((text) => text.length >= 8);
}

/** The summary before, without its own end, which this one's end takes the place of. */
function earlier(summary: string | null): string[] {
  if (summary === null) return [];
  const [kept = ""] = summary.split("\n## Last messages");
  return kept.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("# "));
}

function traceSections({ files, commands, problems }: Traces): Section[] {
  const written = files.filter(({ isWritten }) => isWritten).map(({ path }) => `${path} (changed)`);
  const read = files.filter(({ isWritten }) => !isWritten).map(({ path }) => path);
  const open = problems.map(({ what, said }) => {
    return said === null ? `${what}: no result` : `${short(what, 120)}: ${short(said, 200)}`;
  });
  return [
    { title: "Files", share: 900, lines: newest([...read, ...written], 160) },
    { title: "Commands", share: 700, lines: newest(commands, 160) },
    { title: "Open problems", share: 800, lines: newest(open, 330) },
  ];
}

/** What was said with the words of the instructions, which come first. */
function wanted({ users, assistants }: Said, instructions: string | null): string[] {
  if (instructions === null) return [];
  const words = instructions.toLowerCase().match(/[\p{L}\p{N}_.-]{4,}/gu) ?? [];
  const sentences = [...users, ...assistants].flatMap((text) => sentencesOf(text));
  const matches = sentences.map((sentence) => {
    const lower = sentence.toLowerCase();
    return { sentence, count: words.filter((word) => lower.includes(word)).length };
  });
  const best = matches.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  return [short(instructions, 300), ...unique(best.map(({ sentence }) => short(sentence, 200)))];
}

/** Newest first, since it counts most; the newest that fit stand in the order they were said. */
function sentencesWith(texts: readonly string[], pattern: RegExp): Iterable<string> {
  return newest(unique(texts.flatMap((text) => sentencesOf(text, pattern))), 220);
}

function* newest(lines: readonly string[], lengthMax: number): Generator<string> {
  for (let at = lines.length - 1; at >= 0; at -= 1) yield short(lines[at] as string, lengthMax);
}

function lastMessages(entries: readonly Entry[]): Iterable<string> {
  const messages = entries
    .filter(({ type }) => type === "user_message" || type === "assistant_message")
    .map(({ type, payload }) => {
      const who = type === "user_message" ? "User" : "Assistant";
      return { who, text: textOfContent(payload.content) };
    })
    .filter(({ text }) => text.trim() !== "");
  return newest(
    messages.map(({ who, text }) => `${who}: ${text}`),
    560,
  );
}

/** Sections with what fits into their share; what was not needed goes to those behind. */
function assembled(sections: readonly Section[]): string {
  let text = "# The conversation so far\n";
  let spare = 0;
  for (const { title, share, lines } of sections) {
    const room = share + spare;
    const kept = fitting(lines, room - lengthOf(`\n## ${title}\n`));
    if (kept.length === 0) {
      spare = Math.min(room, 1_500);
      continue;
    }
    const isOrdered = title === "Before this" || title === "Goal" || title === "Asked to keep";
    const shown = isOrdered ? kept : [...kept].reverse();
    const body = title === "Before this" || title === "Goal" ? shown : shown.map(bullet);
    const section = `\n## ${title}\n${body.join("\n")}\n`;
    text += section;
    spare = Math.max(0, Math.min(room - lengthOf(section), 1_500));
  }
  return text.trimEnd();
}

/** The first lines that fit; where not even one does, its beginning. */
function fitting(lines: Iterable<string>, room: number): string[] {
  const kept: string[] = [];
  let left = room;
  for (const line of lines) {
    const length = lengthOf(line) + 4;
    if (length > left) {
      if (kept.length === 0 && room > 100) kept.push(cutTo(line, room - 8));
      break;
    }
    left -= length;
    kept.push(line);
  }
  return kept;
}

function bullet(line: string): string {
  return `- ${line.replaceAll("\n", " ")}`;
}

/** One line of at most so many characters. */
function short(text: string, lengthMax: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= lengthMax
    ? line
    : `${line.slice(0, lengthMax - 1).trimEnd()}…`.toWellFormed();
}

/** The beginning of a text that takes no more room than this as JSON. */
function cutTo(text: string, room: number): string {
  let end = Math.min(text.length, room);
  while (end > 0 && lengthOf(text.slice(0, end)) > room - 1) end = Math.floor(end * 0.9);
  return `${text.slice(0, end).trimEnd()}…`.toWellFormed();
}

/** Characters a text takes inside a JSON string. */
function lengthOf(text: string): number {
  return JSON.stringify(text).length - 2;
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
