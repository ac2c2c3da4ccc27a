/**
 * Hand-written rows in the shapes of Claude Code session files, for tests: each function makes one
 * row from what matters of it. Ids count up, times count up by a second from a fixed one.
 */
const epoch = Date.parse("2026-03-01T10:00:00.000Z");
const sessionId = "5e551011-0000-4000-8000-000000000001";

/** Gives the rows of a file ids, parents and times that count up; what a row says itself stays. */
export function session(...rows: readonly object[]): object[] {
  return rows.map((row, index) => ({
    uuid: rowId(index),
    parentUuid: index === 0 ? null : rowId(index - 1),
    timestamp: new Date(epoch + index * 1000).toISOString(),
    sessionId,
    isSidechain: false,
    cwd: "/home/dev/project",
    version: "2.1.0",
    ...row,
  }));
}

/** The id `session` gives the row at `index`. */
export function rowId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** A user row with text. */
export function user(text: string, fields: object = {}): object {
  return { type: "user", message: { role: "user", content: text }, ...fields };
}

/** A user row with blocks. */
export function userBlocks(blocks: readonly object[], fields: object = {}): object {
  return { type: "user", message: { role: "user", content: blocks }, ...fields };
}

/** A user row that carries a tool's result. */
export function result(callId: string, content: unknown, fields: object = {}): object {
  const { isError, ...row } = { isError: false, ...fields };
  const block = { type: "tool_result", tool_use_id: callId, content, is_error: isError };
  return { type: "user", message: { role: "user", content: [block] }, ...row };
}

/** An assistant row: one block of the message `id`. */
export function assistant(id: string, block: object, fields: object = {}): object {
  const usage = { input_tokens: 10, output_tokens: 5 };
  const message = { id, role: "assistant", model: "claude-test", content: [block], usage };
  return { type: "assistant", requestId: `req_${id}`, message, ...fields };
}

/** A text block. */
export function text(words: string): object {
  return { type: "text", text: words };
}

/** A tool use block. */
export function toolUse(id: string, name = "Bash", input: object = { command: "ls" }): object {
  return { type: "tool_use", id, name, input };
}

/** A system row. */
export function system(subtype: string, fields: object = {}): object {
  return { type: "system", subtype, ...fields };
}
