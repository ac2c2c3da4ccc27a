/**
 * `npm run bench`: measures a real server over loopback, prints one table with the machine, the
 * disk and the flush policy, and writes the same as JSON. Figures in the README come from here.
 */
import fs from "node:fs";
import path from "node:path";
import { type Figure, printedTable } from "./figure.ts";
import { describeMachine } from "./machine.ts";
import { readOptions } from "./options.ts";
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

const { only, seconds, ...options } = readOptions();
const folder = fs.mkdtempSync(path.join(options.dir, "spool-bench-"));
const figures: Figure[] = [];

// Whatever ends the bench takes its folder along, and its servers (`server-process.ts`).
process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

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
await onServer("connects", (server) => measureConnects(server, options.connects));
await onServer("history", (server) => measureHistory(server, seconds));
await onServer("publish-watch", (server) => {
  return measurePublishWatch(server, path.join(folder, "publish"), options.publishMb);
});
const { threads } = options;
await onServer("list", (server) => measureList(server, { threads, seconds }));
await onServer("search", (server) => measureSearch(server, { threads, seconds }));
await onServer("context", (server) => measureContext(server, seconds));
await onServer("compaction", (server) => measureCompaction(server, seconds));
await onServer("leases", (server) => measureLeases(server));
if (hasBrowser()) await onServer("page", (server) => measurePage(server, seconds * 12));
else if (only.has("page")) console.error("no Chromium is installed: the page is left out");
if (only.has("start")) {
  console.error("measuring start …");
  const { events } = options;
  figures.push(...(await measureStartUp(path.join(folder, "start"), { events, starts: 7 })));
}
const { cpu, cores, memoryGiB, fileSystem, flushP50Ms, flushP99Ms, node } = machine;
console.log(`\n${cpu}, ${cores} cores, ${memoryGiB} GiB, ${machine.system}, Node ${node}`);
console.log(
  `${fileSystem}, 4 KiB + fdatasync p50 ${flushP50Ms.toFixed(2)} ms, ` +
    `p99 ${flushP99Ms.toFixed(2)} ms; ${machine.flushPolicy}; load on the same machine\n`,
);
console.log(printedTable(figures));
const file = options.json ?? path.join("bench", "results", `${Date.now()}.json`);
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
console.log(`\nwritten to ${file}`);
