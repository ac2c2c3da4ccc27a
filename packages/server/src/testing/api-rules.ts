/**
 * What the model APIs demand of a request's messages, as each documents it and answers 400 for.
 * Written without any of the formats' code, so that the two can be compared. For tests only.
 */

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, looked into without ceremony here.
type Any = any;

/** What is wrong with messages of OpenAI's chat completions; empty when they are sound. */
export function openAiProblems(messages: readonly Any[]): string[] {
  const problems = halves(messages);
  let open: string[] = [];
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const fail = (problem: string) => problems.push(`messages.${index}: ${problem}`);
    const { role, content, tool_calls: calls, tool_call_id: answered } = message;
    if (role === "tool") {
      if (!open.includes(answered)) fail(`answers ${answered}, which is not asked`);
      if (typeof content !== "string") fail("tool content is no text");
      open = open.filter((id) => id !== answered);
      continue;
    }
    if (open.length > 0) fail(`calls ${open} are not answered`);
    open = [];
    if (role === "user")
      problems.push(...openAiParts(content, index, ["text", "image_url", "file"]));
    else if (role !== "assistant") fail(`role ${role}`);
    else {
      if (content === null && calls === undefined) fail("neither content nor calls");
      if (content !== null) problems.push(...openAiParts(content, index, ["text"]));
      if (calls?.length === 0) fail("no calls in tool_calls");
      for (const { id, type, function: called } of calls ?? []) {
        if (type !== "function" || id.length > 40 || id === "" || seen.has(id))
          fail(`call id ${id}`);
        if (!/^[a-zA-Z0-9_-]{1,64}$/.test(called.name)) fail(`name ${called.name}`);
        if (!isObject(JSON.parse(called.arguments))) fail("arguments are no object");
        seen.add(id);
        open.push(id);
      }
    }
  }
  if (open.length > 0) problems.push(`calls ${open} are not answered`);
  return problems;
}

function openAiParts(content: Any, index: number, types: readonly string[]): string[] {
  if (typeof content === "string") return [];
  if (content.length === 0) return [`messages.${index}: no parts`];
  return content.flatMap((part: Any) => {
    if (!types.includes(part.type)) return [`messages.${index}: part ${part.type}`];
    if (part.type === "text") return typeof part.text === "string" ? [] : ["text is none"];
    const url = part.image_url?.url ?? part.file.file_data;
    return /^(https?:\/\/|data:[\w.+-]+\/[\w.+-]+;base64,)/.test(url) ? [] : [`address ${url}`];
  });
}

/** What is wrong with messages of Anthropic's Messages API; empty when they are sound. */
export function anthropicProblems(messages: readonly Any[]): string[] {
  const problems = halves(messages);
  const seen = new Set<string>();
  if (messages.length > 0 && messages[0].role !== "user") problems.push("the first is no user's");
  for (const [index, { role, content }] of messages.entries()) {
    const fail = (problem: string) => problems.push(`messages.${index}: ${problem}`);
    const before = messages[index - 1];
    if (before?.role === role) fail("roles do not take turns");
    if (content.length === 0) fail("no content");
    const asked = index === 0 ? [] : idsOf(before.content, "tool_use", "id");
    const answered = role === "user" ? idsOf(content, "tool_result", "tool_use_id") : [];
    if (asked.toSorted().join() !== answered.toSorted().join()) fail(`${answered} answer ${asked}`);
    const types: string[] = content.map(({ type }: Any) => type);
    if (types.lastIndexOf("tool_result") > answered.length - 1) fail("results are not first");
    if (role === "assistant" && /thinking$/.test(types.at(-1) ?? "")) fail("ends with a thought");
    for (const block of content) problems.push(...anthropicBlock(block, role, index));
    for (const id of idsOf(content, "tool_use", "id")) {
      if (seen.has(id)) fail(`call id ${id} twice`);
      seen.add(id);
    }
  }
  const last = messages.at(-1);
  const text = last?.content.at(-1)?.text;
  if (last?.role === "assistant" && text !== undefined && text !== text.trimEnd()) {
    problems.push("ends with white space");
  }
  const unanswered = last === undefined ? [] : idsOf(last.content, "tool_use", "id");
  return unanswered.length === 0 ? problems : [...problems, `${unanswered} not answered`];
}

function anthropicBlock(block: Any, role: string, index: number): string[] {
  const failed = (problem: string) => [`messages.${index}: ${block.type} ${problem}`];
  const { type, source } = block;
  const allowed = role === "user" ? "text image document tool_result" : "";
  const said = role === "assistant" ? "text tool_use thinking redacted_thinking" : "";
  if (!`${allowed} ${said}`.split(" ").includes(type)) return failed(`from ${role}`);
  if (type === "text") return block.text.trim() === "" ? failed("is blank") : [];
  if (type === "thinking") return block.signature ? [] : failed("is not signed");
  if (type === "tool_use") {
    if (!/^[a-zA-Z0-9_-]+$/.test(block.id)) return failed(`id ${block.id}`);
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(block.name)) return failed(`name ${block.name}`);
    return isObject(block.input) ? [] : failed("input is no object");
  }
  if (type === "tool_result") return anthropicResult(block, index);
  if (source?.type === "url") return /^https?:/.test(source.url) ? [] : failed(source.url);
  if (source?.type !== "base64") return type === "redacted_thinking" ? [] : failed("source");
  const images = ["image/jpeg", "image/png", "image/gif", "image/webp"];
  const types = type === "image" ? images : ["application/pdf"];
  if (!types.includes(source.media_type)) return failed(source.media_type);
  return Buffer.from(source.data, "base64").toString("base64") === source.data
    ? []
    : failed("is not base64");
}

function anthropicResult({ content, is_error: isError }: Any, index: number): string[] {
  const failed = (problem: string) => [`messages.${index}: tool_result ${problem}`];
  if (isError && typeof content !== "string") return failed("error is no text");
  if (isError && content.trim() === "") return failed("error is empty");
  if (content === undefined || typeof content === "string") return [];
  if (content.some(({ type }: Any) => !["text", "image", "document"].includes(type))) {
    return failed("part");
  }
  return content.flatMap((block: Any) => anthropicBlock(block, "user", index));
}

function idsOf(content: readonly Any[], type: string, field: string): string[] {
  return content.filter((block) => block.type === type).map((block) => block[field]);
}

/** Printed, half of a surrogate pair is an escape; JSON holds it and the APIs refuse it. */
function halves(messages: readonly Any[]): string[] {
  const found: string[] = [];
  JSON.stringify(messages, (_, value) => {
    if (typeof value === "string" && !value.isWellFormed()) found.push("half of a pair");
    return value;
  });
  return found;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
