/**
 * Runs an agent in this terminal as if it had been started by itself: the same terminal, the same
 * signals, the same end. Used by `spool attach` (WATCH12).
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** How it ended: a code, or the signal that ended it. `failure`: it could not be started. */
export type AgentEnd =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: NodeJS.Signals }
  | { readonly kind: "failure"; readonly code: 126 | 127; readonly message: string };

/** A terminal gives these to the agent by itself. */
const fromTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const passedOn: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Starts the command and resolves when it has ended. Never rejects. */
export function runAgent(words: readonly string[]): Promise<AgentEnd> {
  const [command = "", ...rest] = words;
  // Heard of before there is an agent: one may come while it is being started.
  const stopHearing = passSignals((signal) => agent.kill(signal));
  const agent = spawn(command, rest, { stdio: "inherit" });
  return new Promise((resolve) => {
    agent.once("error", ({ message, ...error }: NodeJS.ErrnoException) => {
      stopHearing();
      const isMissing = error.code === "ENOENT";
      const words = isMissing ? `there is no command ${command}` : `${command}: ${message}`;
      resolve({ kind: "failure", code: isMissing ? 127 : 126, message: words });
    });
    agent.once("exit", (code, signal) => {
      stopHearing();
      if (signal !== null) resolve({ kind: "signal", signal });
      else resolve({ kind: "code", code: code ?? 0 });
    });
  });
}

/** Ends this process as the agent ended: with its code, or by its signal. */
export function endLike(end: AgentEnd): void {
  if (end.kind !== "signal") {
    process.exitCode = end.code;
    return;
  }
  // Where the signal does not end a process, its usual code stands for it.
  process.exitCode = 128 + (constants.signals[end.signal] ?? 0);
  process.removeAllListeners(end.signal);
  process.kill(process.pid, end.signal);
}

/** Gives what this process is told to the agent, which decides; gives what ends that. */
function passSignals(pass: (signal: NodeJS.Signals) => void): () => void {
  const isOnTerminal = process.stdin.isTTY === true;
  const heard = [...fromTerminal, ...passedOn].map((signal) => {
    const isGivenAlready = isOnTerminal && fromTerminal.includes(signal);
    const listener = () => {
      if (!isGivenAlready) pass(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of heard) process.off(signal, listener);
  };
}
