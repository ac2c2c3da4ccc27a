/**
 * All formats that can be read, and the adapter of each. The one list; whoever reads sessions looks
 * adapters up here.
 */
import { claudeCodeAdapter } from "./claude-code/claude-code-adapter.ts";
import { codexAdapter } from "./codex/codex-adapter.ts";
import type { FormatId } from "./frame.ts";
import type { SessionAdapter } from "./session-adapter.ts";

const adapters: Record<FormatId, SessionAdapter<unknown>> = {
  codex: codexAdapter,
  "claude-code": claudeCodeAdapter,
};

/** The names of all formats. */
export const formatIds: readonly FormatId[] = Object.keys(adapters) as FormatId[];

/** The adapter of a format; its state is its own business. */
export function adapterOf(format: FormatId): SessionAdapter<unknown> {
  return adapters[format];
}
