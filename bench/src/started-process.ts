/** Processes the bench starts, servers and peers alike: on loopback, and never left behind. */
import type { ChildProcess } from "node:child_process";
import net from "node:net";

/** Lets a process end with the bench, however that ends; a bench that is killed cannot. */
export function endsWithBench<Child extends ChildProcess>(
  child: Child,
  signal: NodeJS.Signals = "SIGKILL",
): Child {
  const kill = () => child.kill(signal);
  // Before the bench's folder goes, in which it may write.
  process.prependOnceListener("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** Ends a process with a signal and waits until it is gone. */
export function ended(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

/** A port of loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when somebody listens on the port. */
export async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => resolve(true));
      socket.on("connect", () => socket.destroy());
      socket.on("error", () => resolve(false));
    });
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on port ${port}`);
}
