/**
 * The shapes of ids: threads, runs, rollouts (WIRE13), orgs and users (AUTH5). Schemas are values,
 * the string types are inferred from them. Making ids is the server's part.
 */
import Type from "typebox";

const idPattern = (prefix: string) => `^${prefix}_[A-Za-z0-9_-]{1,64}$`;
const characters = "1 to 64 letters, digits, _ or -";

export const ThreadId = Type.String({
  pattern: idPattern("thr"),
  description: `a thread id: thr_ and ${characters}`,
});
export const RunId = Type.String({
  pattern: idPattern("run"),
  description: `a run id: run_ and ${characters}`,
});
export const RolloutId = Type.String({
  pattern: idPattern("rol"),
  description: `a rollout id: rol_ and ${characters}`,
});
export const OrgId = Type.String({
  pattern: "^[A-Za-z0-9_-]{1,64}$",
  description: `an org id: ${characters}`,
});
export const UserId = Type.String({ minLength: 1, maxLength: 256, description: "a user id" });

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
