/**
 * `npm run bench`: measures a real server over loopback, prints one table with the machine, the
 * disk and the flush policy, and writes the same as JSON. Figures in the README come from here.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Figure, printedTable } from "./figure.ts";
import { describeMachine } from "./machine.ts";
import { measureDurableStreams } from "./peers/durable-streams.ts";
import { hasNchan, isInstalled, isPackageInstalled } from "./peers/installed.ts";
import { measureNchan } from "./peers/nchan.ts";
import { measureRedis } from "./peers/redis.ts";
import { measureAppends } from "./scenarios/append.ts";
import { measureCompaction } from "./scenarios/compaction.ts";
import { measureConnects } from "./scenarios/connects.ts";
import { measureContext } from "./scenarios/context.ts";
import { measureFanOut } from "./scenarios/fan-out.ts";
import { measureHistory } from "./scenarios/history.ts";
import { measureLeases } from "./scenarios/leases.ts";
import { measureList } from "./scenarios/list.ts";
import { measureLiveAppends } from "./scenarios/live-append.ts";
import { measureLiveLatency } from "./scenarios/live-latency.ts";
import { measureManyThreads } from "./scenarios/many-threads.ts";
import { hasBrowser, measurePage } from "./scenarios/page.ts";
import { measurePublishWatch } from "./scenarios/publish-watch.ts";
import { measureSearch } from "./scenarios/search.ts";
import { measureStartUp } from "./scenarios/start-up.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

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

const only = new Set(values.only.split(","));
const seconds = Number(values.seconds);
const folder = fs.mkdtempSync(path.join(values.dir, "spool-bench-"));
const figures: Figure[] = [];

/** Runs one scenario on a fresh server and ends the server whatever happens. */
async function onServer(name: string, measure: (server: ServerProcess) => Promise<Figure[]>) {
  if (!only.has(name)) return;
  console.error(`measuring ${name} …`);
  const server = await startServer(path.join(folder, name));
  try {
    figures.push(...(await measure(server)));
  } finally {
    await server.stop();
  }
}

try {
  const machine = describeMachine(folder);
  await onServer("append", (server) => measureAppends(server, seconds));
  await onServer("live-append", (server) => measureLiveAppends(server, seconds));
  await onServer("fan-out", (server) => measureFanOut(server, seconds));
  if (only.has("peers")) {
    if (hasNchan()) figures.push(await measureNchan(path.join(folder, "nchan"), seconds));
    else console.error("nginx with Nchan is not installed: left out");
    if (isInstalled("redis-server")) {
      figures.push(await measureRedis(path.join(folder, "redis"), seconds));
    } else console.error("redis-server is not installed: left out");
    if (isPackageInstalled("@durable-streams/server")) {
      figures.push(...(await measureDurableStreams(path.join(folder, "durable-streams"), seconds)));
    } else console.error("@durable-streams/server is not installed: left out");
  }
  await onServer("many", (server) => measureManyThreads(server, seconds));
  await onServer("latency", (server) => measureLiveLatency(server));
  await onServer("connects", (server) => measureConnects(server, Number(values.connects)));
  await onServer("history", (server) => measureHistory(server, seconds));
  await onServer("publish-watch", (server) => {
    return measurePublishWatch(server, path.join(folder, "publish"), Number(values["publish-mb"]));
  });
  const threads = Number(values.threads);
  await onServer("list", (server) => measureList(server, { threads, seconds }));
  await onServer("search", (server) => measureSearch(server, { threads, seconds }));
  await onServer("context", (server) => measureContext(server, seconds));
  await onServer("compaction", (server) => measureCompaction(server, seconds));
  await onServer("leases", (server) => measureLeases(server));
  if (hasBrowser()) await onServer("page", (server) => measurePage(server, seconds * 12));
  else if (only.has("page")) console.error("no Chromium is installed: the page is left out");
  if (only.has("start")) {
    console.error("measuring start …");
    const events = Number(values.events);
    figures.push(...(await measureStartUp(path.join(folder, "start"), { events, starts: 7 })));
  }
  const { cpu, cores, memoryGiB, fileSystem, flushP50Ms, flushP99Ms, node } = machine;
  console.log(`\n${cpu}, ${cores} cores, ${memoryGiB} GiB, ${machine.system}, Node ${node}`);
  console.log(
    `${fileSystem}, 4 KiB + fdatasync p50 ${flushP50Ms.toFixed(2)} ms, ` +
      `p99 ${flushP99Ms.toFixed(2)} ms; ${machine.flushPolicy}; load on the same machine\n`,
  );
  console.log(printedTable(figures));
  const file = values.json ?? path.join("bench", "results", `${Date.now()}.json`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
  console.log(`\nwritten to ${file}`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
