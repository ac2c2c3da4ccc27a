/** A real server in a process of its own that a test may kill at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Where the server listens, a key that may do everything, and the two ways to end it. */
export type KillableServer = {
  readonly url: string;
  readonly key: string;
  /** SIGKILL: gone at once, with everything that was not flushed. */
  readonly kill: () => Promise<void>;
  /** SIGTERM: a clean stop. Rejects when the server did not end well. */
  readonly stop: () => Promise<void>;
};

const script = fileURLToPath(new URL("./serve-for-tests.ts", import.meta.url));

/** Starts a server on `dataDir`; resolves when it takes requests. */
export async function startKillableServer(dataDir: string): Promise<KillableServer> {
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "pipe"] });
  const [port, key] = (await firstLine(child)).split(" ") as [string, string];
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    kill: () => end(child, "SIGKILL", null),
    stop: () => end(child, "SIGTERM", 0),
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "";
    let errors = "";
    child.stdout?.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) resolve(out.slice(0, out.indexOf("\n")));
    });
    child.stderr?.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
  });
}

function end(child: ChildProcess, signal: NodeJS.Signals, expected: number | null): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      if (code === expected) resolve();
      else reject(new Error(`the server ended with ${code} after ${signal}`));
    });
    child.kill(signal);
  });
}
