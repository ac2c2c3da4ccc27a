/**
 * Rollout files by themselves: written again without harm, read whole or not at all, and an index
 * kept in memory that is older than the file is not mistaken for damage (LOG14, LOG20).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultyFileSystem } from "../../testing/faulty-file-system.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { SimulatedDisk } from "../../testing/simulated-disk.ts";
import type { ThreadKey } from "../thread-key.ts";
import { StorageDamage } from "../thread-store.ts";
import { threadFolder } from "./data-paths.ts";
import type { RolloutWrite } from "./journal-record.ts";
import { RolloutFiles } from "./rollout-files.ts";
import { type StoreLimits, storeLimits } from "./store-limits.ts";

const dataDir = "/data";
const key: ThreadKey = { orgId: "acme", threadId: "thr_a" };

/** Reads of an index that are answered late, with what stood there when they were made. */
class LateReads extends FaultyFileSystem {
  late: Promise<void> | null = null;

  override async readFile(file: string): Promise<Buffer | null> {
    const bytes = await super.readFile(file);
    const { late } = this;
    this.late = null;
    await late;
    return bytes;
  }
}

async function prepare(limits: Partial<StoreLimits> = {}) {
  const files = new LateReads(new SimulatedDisk(dataDir), new SeededRandom(1));
  await files.makeFolder(threadFolder(dataDir, key));
  const all = { ...storeLimits, blockBytes: 40, ...limits };
  return { files, rollouts: new RolloutFiles({ files, dataDir, limits: all }) };
}

/** Lines `from`, `from + 1`, …, each of ten bytes. */
function chunk(rolloutId: string, from: number, count: number): RolloutWrite {
  const lines = Array.from({ length: count }, (_, at) => `${from + at}`.padEnd(9, "-"));
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const place = { offset: (from - 1) * 10, firstSequence: from, lastSequence: from + count - 1 };
  return { rolloutId, segment: 1, body, from: 0, to: body.length, ...place };
}

async function sequences(rollouts: RolloutFiles, rolloutId: string, from: number, to: number) {
  const found: number[] = [];
  await rollouts.collectAscending(
    { key, rolloutId, from, to },
    {
      take(line, sequence) {
        assert.equal(`${line}`, `${sequence}`.padEnd(9, "-"));
        found.push(sequence);
        return true;
      },
    },
  );
  return found;
}

test("LOG14 writing the same lines again changes nothing", async () => {
  const { files, rollouts } = await prepare();
  await rollouts.write(key, "rol_a", [chunk("rol_a", 1, 7), chunk("rol_a", 8, 3)]);
  await rollouts.write(key, "rol_a", [chunk("rol_a", 11, 4)]);
  const before = files.disk.files().map(({ file }) => Buffer.from(file.bytes));
  await rollouts.write(key, "rol_a", [chunk("rol_a", 11, 4)]);
  const others = new RolloutFiles({ files, dataDir, limits: storeLimits });
  assert.deepEqual(
    files.disk.files().map(({ file }) => Buffer.from(file.bytes)),
    before,
  );
  assert.deepEqual(
    await sequences(others, "rol_a", 3, 13),
    Array.from({ length: 11 }, (_, at) => at + 3),
  );
});

test("LOG20 lines that the index does not reach are damage, on the way to them as well", async () => {
  const { rollouts } = await prepare();
  await rollouts.write(key, "rol_a", [chunk("rol_a", 1, 5)]);
  await assert.rejects(sequences(rollouts, "rol_a", 1, 6), StorageDamage);
  await assert.rejects(sequences(rollouts, "rol_b", 1, 1), StorageDamage);
  assert.deepEqual(await sequences(rollouts, "rol_a", 5, 5), [5]);
  await assert.rejects(rollouts.write(key, "rol_a", [chunk("rol_a", 8, 1)]), StorageDamage);
});

test("LOG5 an index read just before more was written is not gone by", async () => {
  const { files, rollouts } = await prepare({ indexesMax: 1 });
  await rollouts.write(key, "rol_a", [chunk("rol_a", 1, 5)]);
  await rollouts.write(key, "rol_b", [chunk("rol_b", 1, 1)]);
  const { promise, resolve } = Promise.withResolvers<void>();
  files.late = promise;
  const early = sequences(rollouts, "rol_a", 1, 5);
  await new Promise((done) => setImmediate(done));
  await rollouts.write(key, "rol_a", [chunk("rol_a", 6, 5)]);
  // What was written last is kept in memory; another rollout takes its place there.
  await rollouts.write(key, "rol_b", [chunk("rol_b", 2, 1)]);
  resolve();
  assert.deepEqual(await early, [1, 2, 3, 4, 5]);
  assert.deepEqual(await sequences(rollouts, "rol_a", 4, 10), [4, 5, 6, 7, 8, 9, 10]);
});
