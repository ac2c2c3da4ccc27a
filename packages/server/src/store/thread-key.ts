/** Names one thread: ids are unique within an org only (ORG1). */

/** An org and a thread id within it; `text` only in keys that are kept and looked up often. */
export type ThreadKey = {
  readonly orgId: string;
  readonly threadId: string;
  readonly text?: string;
};

/** The key as one string, for maps. Neither id can hold a slash. */
export function keyText(key: ThreadKey): string {
  return key.text ?? `${key.orgId}/${key.threadId}`;
}

/** The key with its text, which is then made, and hashed by the maps, once. */
export function keptKey({ orgId, threadId }: ThreadKey): ThreadKey {
  return { orgId, threadId, text: `${orgId}/${threadId}` };
}
