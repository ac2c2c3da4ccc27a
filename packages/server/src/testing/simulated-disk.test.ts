/**
 * The disk that crash tests trust: synced is kept, unsynced is kept, lost or torn, a failed sync
 * never reaches it, and a dead process changes nothing any more (LOG1, LOG13).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeFully } from "../store/embedded/file-system.ts";
import { FaultyFileSystem } from "./faulty-file-system.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const root = "/disk";

function mount(seed = 1) {
  const random = new SeededRandom(seed);
  const disk = new SimulatedDisk(root);
  return { random, disk, files: new FaultyFileSystem(disk, random) };
}

async function written(files: FaultyFileSystem, name: string, text: string) {
  const file = await files.open(`${root}/${name}`, "write");
  await writeFully(file, Buffer.from(text), 0);
  return file;
}

test("LOG1 what is synced, name and content, outlives a power failure", async () => {
  for (let seed = 1; seed < 30; seed += 1) {
    const { random, disk, files } = mount(seed);
    const file = await written(files, "a", "x".repeat(300));
    await file.sync();
    await files.syncFolder(root);
    assert.ok(disk.holdsStable(Buffer.from("xxx")));
    disk.losePower(random);
    assert.equal(`${disk.file(`${root}/a`)?.bytes}`, "x".repeat(300));
  }
});

test("LOG1 what is not synced is kept, lost or torn, and each of them happens", async () => {
  const fates = new Set<string>();
  for (let seed = 1; seed < 60; seed += 1) {
    const { random, disk, files } = mount(seed);
    const file = await written(files, "a", "-".repeat(300));
    await file.sync();
    await files.syncFolder(root);
    await writeFully(file, Buffer.from("x".repeat(300)), 0);
    assert.ok(!disk.holdsStable(Buffer.from("x")));
    disk.losePower(random);
    const { bytes = Buffer.alloc(0) } = disk.file(`${root}/a`) ?? {};
    const kept = bytes.filter((byte) => byte === 0x78).length;
    assert.equal(bytes.length, 300);
    fates.add(kept === 300 ? "kept" : kept === 0 ? "lost" : "torn");
  }
  assert.deepEqual([...fates].sort(), ["kept", "lost", "torn"]);
});

test("LOG1 a name that is not synced may be gone, a synced one may not be back", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed < 40; seed += 1) {
    const { random, disk, files } = mount(seed);
    await (await written(files, "old", "1")).sync();
    await files.syncFolder(root);
    await (await written(files, "new", "2")).sync();
    await files.rename(`${root}/new`, `${root}/old`);
    disk.losePower(random);
    seen.add(disk.paths().join());
    const content = `${disk.file(`${root}/old`)?.bytes}`;
    assert.ok(content === "1" || content === "2", "the old file or the new one");
  }
  assert.ok(seen.size >= 2);
});

test("LOG13 after a failed sync the cache has it, and the disk never will", async () => {
  const { random, disk, files } = mount();
  const file = await written(files, "a", "1");
  await file.sync();
  await files.syncFolder(root);
  await writeFully(file, Buffer.from("2"), 0);
  files.fail({ kind: "sync", path: /a$/, code: "EIO", times: 1 });
  await assert.rejects(file.sync(), /EIO/);
  await file.sync();
  assert.equal(`${await files.readFile(`${root}/a`)}`, "2");
  disk.losePower(random);
  assert.equal(`${disk.file(`${root}/a`)?.bytes}`, "1");
});

test("LOG13 a full disk takes what fits and is told so, until there is room", async () => {
  const { files } = mount();
  files.freeBytes = 5;
  const file = await files.open(`${root}/a`, "write");
  await assert.rejects(writeFully(file, Buffer.from("1234567"), 0), /ENOSPC/);
  assert.equal(await file.size(), 5);
  await writeFully(file, Buffer.from("abcde"), 0);
  files.heal();
  await writeFully(file, Buffer.from("1234567"), 0);
  assert.equal(await file.size(), 7);
});

test("LOG1 a dead process changes nothing, not by files left open either", async () => {
  const { disk, random, files } = mount();
  const file = await written(files, "a", "1");
  files.kill();
  await assert.rejects(file.write(Buffer.from("2"), 0), /EOWNERDEAD/);
  await assert.rejects(file.sync(), /EOWNERDEAD/);
  await assert.rejects(files.remove(`${root}/a`), /EOWNERDEAD/);
  const next = new FaultyFileSystem(disk, random);
  assert.equal(`${await next.readFile(`${root}/a`)}`, "1", "the cache stays");
});
