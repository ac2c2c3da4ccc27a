/**
 * Hand-written records in the shapes of Codex rollouts, for tests: each function makes one record
 * from what matters of it. Times count up by a second from a fixed one.
 */
const epoch = Date.parse("2026-03-01T10:00:00.000Z");

/** Stamps the records of a file with times that count up. */
export function rollout(...records: readonly object[]): object[] {
  return records.map((record, index) => ({
    timestamp: new Date(epoch + index * 1000).toISOString(),
    ...record,
  }));
}

/** The first record: who the thread is. */
export function sessionMeta(fields: object = {}): object {
  const payload = {
    id: "019d0000-0000-7000-8000-000000000001",
    timestamp: "2026-03-01T10:00:00.000Z",
    cwd: "/home/dev/project",
    originator: "codex-tui",
    cli_version: "0.130.0",
    source: "cli",
    base_instructions: { text: "You are a careful agent." },
    ...fields,
  };
  return { type: "session_meta", payload };
}

/** A record of what the model saw or said. */
export function item(type: string, fields: object = {}): object {
  return { type: "response_item", payload: { type, ...fields } };
}

/** A record of the agent's lifecycle or interface. */
export function event(type: string, fields: object = {}): object {
  return { type: "event_msg", payload: { type, ...fields } };
}

/** The event of the paginated history: an item of the thread is complete. */
export function completed(type: string, fields: object = {}): object {
  return event("item_completed", { thread_id: "t", turn_id: "turn-1", item: { type, ...fields } });
}

/** A turn's begin and its settings. */
export function turnStart(turnId = "turn-1"): object[] {
  const settings = { turn_id: turnId, model: "gpt-test", cwd: "/home/dev/project", effort: "low" };
  return [event("task_started", { turn_id: turnId }), { type: "turn_context", payload: settings }];
}

/** A turn's end. */
export function turnEnd(turnId = "turn-1", fields: object = {}): object {
  return event("task_complete", { turn_id: turnId, last_agent_message: null, ...fields });
}

/** A user item: a prompt's twin, or context. */
export function userItem(text: string, more: readonly object[] = []): object {
  return item("message", { role: "user", content: [{ type: "input_text", text }, ...more] });
}

/** A prompt as an event, with its item before it, as real files have it. */
export function prompt(text: string): object[] {
  return [userItem(text), event("user_message", { message: text, images: [], local_images: [] })];
}

/** An answer as an item. */
export function answerItem(text: string, fields: object = {}): object {
  return item("message", {
    role: "assistant",
    content: [{ type: "output_text", text }],
    ...fields,
  });
}

/** An answer as an event, with its item behind it, as real files have it. */
export function answer(text: string): object[] {
  const phase = "commentary";
  return [
    event("agent_message", { message: text, phase, memory_citation: null }),
    answerItem(text),
  ];
}

/** A function call. */
export function call(id: string, command = "ls"): object {
  const args = JSON.stringify({ cmd: command });
  return item("function_call", { name: "exec_command", arguments: args, call_id: id });
}

/** A function call's output. */
export function output(id: string, text = "done"): object {
  return item("function_call_output", { call_id: id, output: text });
}
