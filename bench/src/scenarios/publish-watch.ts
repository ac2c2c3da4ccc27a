/**
 * The first `spool publish --watch` of somebody with many sessions, the publisher and the server on
 * this machine; then how long a line that an agent writes takes to a watcher.
 */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import type { ServerProcess } from "../server-process.ts";
import { generateSessions } from "../session-generator.ts";
import { ended, endsWithBench } from "../started-process.ts";

const main = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
const lines = 100;

/** Publishes `megabytes` of generated sessions below `folder`. */
export async function measurePublishWatch(
  server: ServerProcess,
  folder: string,
  megabytes: number,
): Promise<Figure[]> {
  const home = path.join(folder, "home");
  const { bytes, files } = generateSessions(home, megabytes * 1e6);
  const publisher = new Publisher(server, home);
  const { seconds, appended } = await publisher.told<{ seconds: number; appended: number }>(
    "caught_up",
  );
  const residentMB = publisher.residentPeakMB();
  const note = `${megabytes} MB in ${files} files, ${appended.toLocaleString("en-US")} events`;
  const times = await measureLines(publisher, home);
  await publisher.stop();
  const atLeast = { kind: "atLeast", value: 20 } as const;
  const none = { p50Ms: null, p99Ms: null };
  return [
    figure("first publish --watch", bytes / 1e6 / seconds, "MB/s", {
      goal: atLeast,
      note,
      ...none,
    }),
    figure("memory of the publisher, at most", residentMB, "MB", {
      goal: { kind: "atMost", value: 150 },
      note,
      ...none,
    }),
    figure("line written → stored", times.quantile(0.99), "ms", {
      goal: { kind: "atMost", value: 250 },
      note: `p99 of ${lines} lines`,
      p50Ms: times.quantile(0.5),
      p99Ms: times.quantile(0.99),
    }),
  ];
}

/** Appends lines one by one; each counts once its publisher says that it is stored. */
async function measureLines(publisher: Publisher, home: string): Promise<Histogram> {
  const folder = path.join(home, ".codex/sessions/2026/04/01");
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "rollout-live.jsonl");
  const record = (type: string, payload: object) => {
    const timestamp = new Date().toISOString();
    fs.appendFileSync(file, `${JSON.stringify({ timestamp, type, payload })}\n`);
  };
  record("session_meta", { id: "live", cwd: "/x", cli_version: "0.130.0", source: "cli" });
  record("event_msg", { type: "task_started", turn_id: "live-1" });
  const times = new Histogram();
  for (let at = 0; at < lines; at += 1) {
    const stored = publisher.next("published");
    const startedAt = performance.now();
    const output = { type: "function_call_output", call_id: `c${at}`, output: `line ${at}` };
    record("response_item", output);
    await stored;
    times.add(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}

/** A publisher and what it tells. */
class Publisher {
  readonly #child: ChildProcess;
  readonly #told: { type: string }[] = [];
  #waiting: (() => void)[] = [];

  constructor(server: ServerProcess, home: string) {
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      SPOOL_URL: `http://127.0.0.1:${server.port}`,
      SPOOL_API_KEY: server.key,
    };
    const profile = process.env.SPOOL_BENCH_PROFILE;
    const node = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    this.#child = endsWithBench(
      spawn(process.execPath, [...node, main, "publish", "--watch", "--json"], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    let text = "";
    this.#child.stdout?.on("data", (chunk) => {
      const read = (text + chunk).split("\n");
      text = read.pop() ?? "";
      this.#told.push(...read.map((line) => JSON.parse(line)));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#child.on("exit", () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** The first event of a type, also one told before. */
  async told<Told>(type: string): Promise<Told> {
    return (await this.#find(type, 0)) as Told;
  }

  /** The next event of a type. */
  next(type: string): Promise<unknown> {
    return this.#find(type, this.#told.length);
  }

  residentPeakMB(): number {
    try {
      const status = fs.readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
    } catch {
      return Number.NaN; // no /proc here
    }
  }

  stop(): Promise<void> {
    return ended(this.#child);
  }

  async #find(type: string, from: number): Promise<unknown> {
    for (;;) {
      const found = this.#told.slice(from).find((event) => event.type === type);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error("the publisher ended");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

function figure(
  name: string,
  value: number,
  unit: string,
  more: Pick<Figure, "goal" | "note" | "p50Ms" | "p99Ms">,
): Figure {
  return { name, value, unit, ...more };
}
