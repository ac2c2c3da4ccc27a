/** The folder of a thread: one per thread on any file system, inside the directory (LOG18). */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { ThreadKey } from "../thread-key.ts";
import { keyOfFolder, rolloutFile, rolloutIndexFile, threadFolder } from "./data-paths.ts";

const letters = [..."abcXYZ019_-"];
const idPart = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 64 });
const keys: fc.Arbitrary<ThreadKey> = fc
  .tuple(idPart, idPart)
  .map(([orgId, part]) => ({ orgId, threadId: `thr_${part}` }));
const dataDir = "/data";

test("LOG18 a folder is named by hash, org and id, and tells both again", () => {
  fc.assert(
    fc.property(keys, (key) => {
      const folder = threadFolder(dataDir, key);
      const [shard = "", name = "", ...further] = path.relative("/data/threads", folder).split("/");
      assert.match(shard, /^[0-9a-f]{2}$/);
      assert.match(name, /^[a-z0-9_~-]+\.[a-z0-9_~-]+$/);
      assert.ok(Buffer.byteLength(name) <= 255, "what file systems take");
      assert.deepEqual(further, []);
      assert.deepEqual(keyOfFolder(folder), key);
    }),
  );
});

test("LOG18 threads that differ only in case never meet where case does not count", () => {
  const capitals = fc.array(fc.boolean(), { minLength: 64, maxLength: 64 });
  const inCase = (text: string, upper: readonly boolean[]) =>
    [...text].map((letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join("");
  fc.assert(
    fc.property(keys, capitals, capitals, (key, orgCase, idCase) => {
      const orgId = inCase(key.orgId.toLowerCase(), orgCase);
      const threadId = `thr_${inCase(key.threadId.slice(4).toLowerCase(), idCase)}`;
      const same = orgId === key.orgId && threadId === key.threadId;
      const folders = [threadFolder(dataDir, key), threadFolder(dataDir, { orgId, threadId })];
      const [one, other] = folders.map((folder) => folder.toLowerCase());
      assert.equal(one === other, same);
    }),
  );
});

test("LOG18 no id leaves the data directory", () => {
  // Such ids are refused at the edge; even so their names stay below the thread's folder.
  for (const hostile of ["..", ".", "-", "~", "CON", "a~1", "A~1"]) {
    const folder = threadFolder(dataDir, { orgId: hostile, threadId: `thr_${hostile}` });
    assert.ok(path.resolve(folder).startsWith("/data/threads/"), folder);
    assert.equal(path.dirname(path.dirname(folder)), "/data/threads");
    for (const file of [rolloutFile(folder, "rol_A"), rolloutIndexFile(folder, "rol_A")]) {
      assert.equal(path.dirname(file), folder);
    }
  }
});

test("LOG18 rollouts that differ only in case are different files", () => {
  const names = ["rol_a", "rol_A", "rol_aB", "rol_Ab", "rol_AB", "rol_ab"];
  const files = names.flatMap((id) => [rolloutFile("/f", id), rolloutIndexFile("/f", id)]);
  assert.equal(new Set(files.map((file) => file.toLowerCase())).size, files.length);
});
