/** Names one thread: ids are unique within an org only (ORG1). */

/** An org and a thread id within it. */
export type ThreadKey = { readonly orgId: string; readonly threadId: string };

/** The key as one string, for maps. Neither id can hold a slash. */
export function keyText(key: ThreadKey): string {
  return `${key.orgId}/${key.threadId}`;
}
