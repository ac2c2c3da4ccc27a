/**
 * The shapes of ids: threads, runs, rollouts, orgs, users (API "Envelope" and "REST").
 * Schemas are values, the string types are inferred from them. Making ids is the server's part.
 */
import Type from "typebox";

const idPattern = (prefix: string) => `^${prefix}_[A-Za-z0-9_-]{1,64}$`;

export const ThreadId = Type.String({ pattern: idPattern("thr"), description: "Thread id" });
export const RunId = Type.String({ pattern: idPattern("run"), description: "Run id" });
export const RolloutId = Type.String({ pattern: idPattern("rol"), description: "Rollout id" });
export const OrgId = Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$", description: "Org id" });
export const UserId = Type.String({ minLength: 1, maxLength: 256, description: "User id" });

const threadId = new RegExp(idPattern("thr"));
const rolloutId = new RegExp(idPattern("rol"));
const orgId = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether `text` is a thread id; false for anything that could leave a folder. */
export function isThreadId(text: string): boolean {
  return threadId.test(text);
}

/** Whether `text` is a rollout id. */
export function isRolloutId(text: string): boolean {
  return rolloutId.test(text);
}

/** Whether `text` is an org id (AUTH5). */
export function isOrgId(text: string): boolean {
  return orgId.test(text);
}
