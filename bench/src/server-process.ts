/** A real server in a process of its own, on loopback, with a data directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ended, endsWithBench } from "./started-process.ts";

/** A server that answers on loopback, and the admin key of its data directory. */
export type ServerProcess = {
  readonly port: number;
  readonly key: string;
  readonly pid: number;
  /** From the start of the process to its first answer, milliseconds. */
  readonly startMs: number;
  /** Resident memory now, in MB; NaN where the system does not tell. */
  readonly residentMB: () => number;
  /** Ends it with a signal and waits until it is gone. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
};

const main = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

/** Starts `spool serve` on `dataDir`; resolves when it answers. Rejects with what it printed. */
export async function startServer(dataDir: string): Promise<ServerProcess> {
  const startedAt = performance.now();
  const flags = ["serve", "--port", "0", "--data-dir", dataDir];
  const profile = process.env.SPOOL_BENCH_PROFILE;
  const node = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = endsWithBench(
    spawn(process.execPath, [...node, main, ...flags], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  const port = await portOf(child);
  await firstAnswer(port);
  const startMs = performance.now() - startedAt;
  const pid = child.pid as number;
  return {
    port,
    key: fs.readFileSync(path.join(dataDir, "admin.key"), "utf8").trim(),
    pid,
    startMs,
    residentMB: () => residentMB(pid),
    stop: (signal = "SIGTERM") => ended(child, signal),
  };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const match = /http:\/\/[^\s/:]+:(\d+)/.exec(printed);
      if (match !== null) resolve(Number(match[1]));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${printed}`)));
  });
}

async function firstAnswer(port: number): Promise<void> {
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      if (answer.ok) return;
    } catch {
      // Not listening yet; the loop is bounded.
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("the server did not become ready");
}

function residentMB(pid: number): number {
  try {
    const match = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
    return match === null ? Number.NaN : Number(match[1]) / 1_024;
  } catch {
    return Number.NaN; // no /proc here
  }
}
