/**
 * Holding records until the one behind them shows whether they are twins, and keeping those that
 * have no frame of their own.
 */
import { keep } from "../thread-log.ts";
import { type CodexRecord, customName } from "./codex-record.ts";
import type { CodexReader, HeldRecord, HeldRole } from "./codex-state.ts";

/** Holds a record; `text` tells it from others of its role. */
export function hold(
  { state }: CodexReader,
  { role, text }: { role: HeldRole; text: string },
  { raw, moment }: CodexRecord,
): void {
  state.held.push({ role, text, raw, moment });
}

/** Takes the oldest held record of a role whose text `fits`, if there is one. */
export function takeHeld(
  { state }: CodexReader,
  role: HeldRole,
  fits: (text: string) => boolean = () => true,
): HeldRecord | undefined {
  const index = state.held.findIndex((held) => held.role === role && fits(held.text));
  return index === -1 ? undefined : state.held.splice(index, 1)[0];
}

/** Keeps a record as a `custom` frame. */
export function keepRecord({ log }: CodexReader, record: CodexRecord): void {
  keep(log, { name: customName(record), data: record.raw }, record.moment);
}
