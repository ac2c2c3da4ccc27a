/**
 * The file system the store is written against, on the machine's disk and on the simulated one by
 * the same tests, so that what is proved on the latter holds on the former.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { FaultyFileSystem } from "../../testing/faulty-file-system.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { SimulatedDisk } from "../../testing/simulated-disk.ts";
import {
  type FileSystem,
  isMissing,
  NodeFileSystem,
  readFully,
  replaceFile,
  writeFully,
} from "./file-system.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "spool-files-"));
after(() => rmSync(root, { recursive: true, force: true }));

const systems: readonly (readonly [name: string, make: (folder: string) => FileSystem])[] = [
  ["on disk", () => new NodeFileSystem()],
  ["simulated", (folder) => simulated(folder)],
];

function simulated(folder: string): FaultyFileSystem {
  const files = new FaultyFileSystem(new SimulatedDisk(folder), new SeededRandom(1));
  files.shortWrites = true;
  return files;
}

for (const [name, make] of systems) {
  const inFolder = async (run: (files: FileSystem, folder: string) => Promise<void>) => {
    const folder = mkdtempSync(path.join(root, "t-"));
    await run(make(folder), folder);
  };

  test(`LOG2 what is written at a place is read there (${name})`, () =>
    inFolder(async (files, folder) => {
      const target = path.join(folder, "a");
      const file = await files.open(target, "write");
      const bytes = Buffer.from("0123456789".repeat(50));
      await writeFully(file, bytes, 20);
      await file.sync();
      assert.equal(await file.size(), 520);
      assert.equal(`${await readFully(file, 18, 5)}`, "\0\x00012");
      assert.equal((await readFully(file, 515, 50)).length, 5, "up to the end");
      await file.truncate(30);
      assert.equal(await file.size(), 30);
      await writeFully(file, Buffer.from("x"), 40);
      await file.close();
      const again = await files.open(target, "write");
      assert.equal(await again.size(), 41, "opening does not empty it");
      await again.close();
      assert.equal(`${(await files.readFile(target))?.subarray(28)}`, `89${"\0".repeat(10)}x`);
    }));

  test(`LOG13 what is missing is told so (${name})`, () =>
    inFolder(async (files, folder) => {
      const missing = path.join(folder, "missing");
      assert.equal(await files.readFile(missing), null);
      assert.deepEqual(await files.list(missing), []);
      await assert.rejects(files.open(missing, "read"), isMissing);
      await assert.rejects(files.open(path.join(missing, "a"), "write"), isMissing);
      await assert.rejects(files.rename(missing, path.join(folder, "b")), isMissing);
      await assert.rejects(files.syncFolder(missing), isMissing);
      await files.remove(missing);
    }));

  test(`LOG18 folders are made with their parents, listed in order, removed whole (${name})`, () =>
    inFolder(async (files, folder) => {
      const deep = path.join(folder, "x", "y");
      await files.makeFolder(deep);
      await files.makeFolder(deep);
      for (const one of ["b", "a", "B"]) {
        await (await files.open(path.join(deep, one), "write")).close();
      }
      assert.deepEqual(await files.list(deep), ["B", "a", "b"]);
      await files.syncFolder(deep);
      await files.rename(path.join(deep, "a"), path.join(deep, "b"));
      assert.deepEqual(await files.list(deep), ["B", "b"]);
      await files.remove(path.join(folder, "x"));
      assert.deepEqual(await files.list(folder), []);
    }));

  test(`LOG19 a file is replaced as a whole, whatever an earlier try left (${name})`, () =>
    inFolder(async (files, folder) => {
      const target = path.join(folder, "a.json");
      await replaceFile(files, target, Buffer.from("a long first content"));
      const leftover = await files.open(`${target}.new`, "write");
      await writeFully(leftover, Buffer.from("much longer than the next content, left behind"), 0);
      await leftover.close();
      await replaceFile(files, target, Buffer.from("second"));
      assert.equal(`${await files.readFile(target)}`, "second");
      assert.deepEqual(await files.list(folder), ["a.json"]);
    }));
}
