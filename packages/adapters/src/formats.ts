/**
 * All formats that can be read, and the adapter of each. The one list; whoever reads sessions looks
 * adapters up here.
 */
import { claudeAgentSdkAdapter } from "./claude-agent-sdk/claude-agent-sdk-adapter.ts";
import { claudeCodeAdapter } from "./claude-code/claude-code-adapter.ts";
import { codexAdapter } from "./codex/codex-adapter.ts";
import { codexExecAdapter } from "./codex-exec/codex-exec-adapter.ts";
import type { FormatId } from "./frame.ts";
import { geminiCliAdapter } from "./gemini-cli/gemini-cli-adapter.ts";
import { opencodeAdapter } from "./opencode/opencode-adapter.ts";
import { piAdapter } from "./pi/pi-adapter.ts";
import type { SessionAdapter } from "./session-adapter.ts";

const adapters: Record<FormatId, SessionAdapter<unknown>> = {
  codex: codexAdapter,
  "codex-exec": codexExecAdapter,
  "claude-code": claudeCodeAdapter,
  "claude-agent-sdk": claudeAgentSdkAdapter,
  "gemini-cli": geminiCliAdapter,
  opencode: opencodeAdapter,
  pi: piAdapter,
};

/** The names of all formats. */
export const formatIds: readonly FormatId[] = Object.keys(adapters) as FormatId[];

/** The adapter of a format; its state is its own business. */
export function adapterOf(format: FormatId): SessionAdapter<unknown> {
  return adapters[format];
}
