/**
 * Holding records until the one behind them shows whether they are twins, and keeping those that
 * have no frame of their own.
 */
import { keep } from "../thread-log.ts";
import { type CodexRecord, customName } from "./codex-record.ts";
import type { CodexReader, HeldRecord, HeldRole } from "./codex-state.ts";
import { saysTheSame } from "./twin-ledger.ts";

/** Holds a record; `text` tells it from others of its role. */
export function hold(
  { state }: CodexReader,
  { role, text }: { role: HeldRole; text: string },
  { raw, moment }: CodexRecord,
): void {
  state.held.push({ role, text, raw, moment });
}

/** Takes the held record of a role that says the same as `text`, if there is one. */
export function takeHeld(
  { state }: CodexReader,
  role: HeldRole,
  text: string,
): HeldRecord | undefined {
  const index = state.held.findIndex((held) => held.role === role && saysTheSame(held.text, text));
  return index === -1 ? undefined : state.held.splice(index, 1)[0];
}

/** Takes the oldest held record of a role, whatever it says. */
export function takeOldest({ state }: CodexReader, role: HeldRole): HeldRecord | undefined {
  const index = state.held.findIndex((held) => held.role === role);
  return index === -1 ? undefined : state.held.splice(index, 1)[0];
}

/** Keeps a record as a `custom` frame. */
export function keepRecord({ log }: CodexReader, record: CodexRecord): void {
  keep(log, { name: customName(record), data: record.raw }, record.moment);
}
