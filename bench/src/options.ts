/** The bench's command line: what it takes, and what it says of anything else. */
import os from "node:os";
import { parseArgs } from "node:util";

/** In the order in which they are measured, peers of a kind beside each other. */
const scenarios = [
  ...["append", "live-append", "fan-out", "peers", "many", "latency", "connects", "history"],
  ...["publish-watch", "list", "search", "context", "compaction", "leases", "page", "start"],
];

const help = `Usage: npm run bench -- [options]
  --only <names>     separated by commas, of ${scenarios.join(", ")}
  --seconds <n>      per measurement (5)
  --threads <n>      in the list and for search (100000)
  --connects <n>     of watchers that leave at once (100000)
  --publish-mb <n>   of sessions in publish-watch (256)
  --events <n>       on disk at start (1000000)
  --dir <folder>     where the data lies meanwhile (the system's temporary folder)
  --json <file>      where the figures go (bench/results/<time>.json)`;

/** What to measure, how long and how much, and where things go. */
export type BenchOptions = {
  readonly only: ReadonlySet<string>;
  readonly seconds: number;
  readonly threads: number;
  readonly connects: number;
  readonly publishMb: number;
  readonly events: number;
  readonly dir: string;
  readonly json: string | null;
};

/** Reads the command line. Ends the process after `--help`, and with 2 where it makes no sense. */
export function readOptions(): BenchOptions {
  try {
    return parsed();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

function parsed(): BenchOptions {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: scenarios.join(",") },
      seconds: { type: "string", default: "5" },
      threads: { type: "string", default: "100000" },
      connects: { type: "string", default: "100000" },
      "publish-mb": { type: "string", default: "256" },
      events: { type: "string", default: "1000000" },
      dir: { type: "string", default: os.tmpdir() },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const only = values.only.split(",");
  const unknown = only.filter((name) => !scenarios.includes(name));
  if (unknown.length > 0)
    throw new Error(`There is nothing to measure named ${unknown.join(", ")}.`);
  return {
    only: new Set(only),
    seconds: above0("--seconds", values.seconds),
    threads: above0("--threads", values.threads),
    connects: above0("--connects", values.connects),
    publishMb: above0("--publish-mb", values["publish-mb"]),
    events: above0("--events", values.events),
    dir: values.dir,
    json: values.json ?? null,
  };
}

function above0(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${flag} takes a number above 0.`);
}
