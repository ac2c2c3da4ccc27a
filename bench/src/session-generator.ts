/**
 * Session files of any total size in the shapes of real Codex rollouts and Claude Code sessions:
 * prompts, reasoning, calls with outputs of every length, answers. The seed decides everything but
 * the ids, which follow from the file's number. Used by the scenario `publish-watch`.
 */
import fs from "node:fs";
import path from "node:path";

/** Lengths of a call's output in characters, as often as they stand here. */
const outputLengths = [80, 200, 400, 400, 900, 1_500, 3_000, 6_000, 12_000, 30_000];
const words =
  "const result = await store.append(events); // the flush covers both\n  expect(value).toEqual" +
  "({ status: 'ok', path: '/home/dev/project/src/index.ts', line: 42 });\n\tFAIL src/a.test.ts ä…\n";

/** Writes files below `home` until they have `bytes` in all; gives how many bytes and files. */
export function generateSessions(home: string, bytes: number, seed = 1) {
  let written = 0;
  let files = 0;
  while (written < bytes) {
    const random = randomOf(seed * 1_000_003 + files);
    const isCodex = files % 2 === 0;
    const size = Math.min(bytes - written, 200_000 + Math.floor(random() ** 3 * 8_000_000));
    const text = isCodex ? codexFile(files, size, random) : claudeFile(files, size, random);
    const day = String(1 + (files % 28)).padStart(2, "0");
    const file = isCodex
      ? path.join(home, `.codex/sessions/2026/03/${day}/rollout-2026-03-${day}-${files}.jsonl`)
      : path.join(home, `.claude/projects/-home-dev-p${files % 7}/${idOf(files)}.jsonl`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    written += Buffer.byteLength(text);
    files += 1;
  }
  return { bytes: written, files };
}

type Random = () => number;

function codexFile(file: number, size: number, random: Random): string {
  const lines: string[] = [];
  let length = 0;
  const add = (type: string, payload: object) => {
    const timestamp = new Date(1_772_000_000_000 + lines.length * 700).toISOString();
    const line = JSON.stringify({ timestamp, type, payload });
    lines.push(line);
    length += line.length + 1;
  };
  const cwd = "/home/dev/project";
  add("session_meta", { id: idOf(file), cwd, cli_version: "0.130.0", source: "cli" });
  for (let turn = 0; length < size; turn += 1) {
    const turnId = `${idOf(file)}-${turn}`;
    const prompt = text(random, 300);
    add("event_msg", { type: "task_started", turn_id: turnId, model_context_window: 272_000 });
    add("turn_context", { turn_id: turnId, cwd, model: "gpt-test", effort: "medium" });
    add("response_item", message("user", "input_text", prompt));
    add("event_msg", { type: "user_message", message: prompt, images: [] });
    for (let step = 0; step < 12 && length < size; step += 1) {
      const callId = `call_${file}_${turn}_${step}`;
      const args = JSON.stringify({ cmd: text(random, 120), workdir: cwd });
      const encrypted = text(random, 900).replace(/[^a-zA-Z0-9]/g, "A");
      add("response_item", { type: "reasoning", summary: [], encrypted_content: encrypted });
      const call = { type: "function_call", name: "exec_command", arguments: args };
      add("response_item", { ...call, call_id: callId });
      const output = text(random, pick(random, outputLengths));
      add("response_item", { type: "function_call_output", call_id: callId, output });
      const usage = { input_tokens: step * 100, output_tokens: step };
      add("event_msg", { type: "token_count", info: { total_token_usage: usage } });
    }
    const answer = text(random, 800);
    add("event_msg", { type: "agent_message", message: answer });
    add("response_item", message("assistant", "output_text", answer));
    add("event_msg", { type: "task_complete", turn_id: turnId, last_agent_message: answer });
  }
  return `${lines.join("\n")}\n`;
}

function claudeFile(file: number, size: number, random: Random): string {
  const lines: string[] = [];
  let length = 0;
  const sessionId = idOf(file);
  const add = (type: string, fields: object) => {
    const uuid = `${sessionId}-${lines.length}`;
    const timestamp = new Date(1_772_000_000_000 + lines.length * 700).toISOString();
    const row = { uuid, sessionId, type, timestamp, cwd: "/home/dev/p", version: "2.1.114" };
    const line = JSON.stringify({ ...row, isSidechain: false, ...fields });
    lines.push(line);
    length += line.length + 1;
  };
  const said = (id: string, block: object) => {
    const usage = { input_tokens: 900, output_tokens: 60, cache_read_input_tokens: 40_000 };
    const message = { id, role: "assistant", model: "claude-test", content: [block], usage };
    add("assistant", { message, requestId: `req_${id}` });
  };
  for (let turn = 0; length < size; turn += 1) {
    add("user", { message: { role: "user", content: text(random, 300) } });
    for (let step = 0; step < 12 && length < size; step += 1) {
      const id = `toolu_${file}_${turn}_${step}`;
      const input = { command: text(random, 120), description: text(random, 60) };
      said(`msg_${turn}_${step}`, { type: "tool_use", id, name: "Bash", input });
      const content = text(random, pick(random, outputLengths));
      const block = { type: "tool_result", tool_use_id: id, content, is_error: false };
      const message = { role: "user", content: [block] };
      add("user", { message, toolUseResult: { stdout: content, stderr: "", interrupted: false } });
    }
    said(`msg_${turn}_end`, { type: "text", text: text(random, 800) });
    add("system", { subtype: "turn_duration", durationMs: 1_000 });
  }
  return `${lines.join("\n")}\n`;
}

function message(role: string, type: string, words: string): object {
  return { type: "message", role, content: [{ type, text: words }] };
}

function text(random: Random, about: number): string {
  const length = Math.ceil(about * (0.5 + random()));
  const from = Math.floor(random() * words.length);
  return words.repeat(Math.ceil((length + from) / words.length)).slice(from, from + length);
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function idOf(file: number): string {
  return `019d0000-0000-7000-8000-${String(file).padStart(12, "0")}`;
}

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
