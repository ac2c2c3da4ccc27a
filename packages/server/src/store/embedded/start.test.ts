/**
 * Opening a data directory: by one process only, of a known format, at a cost that the journal
 * bounds and not the data (LOG15–LOG17).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { created, message, runStarted } from "../../testing/thread-script.ts";
import { DataDirectoryError, formatVersion } from "./data-directory.ts";
import { openEmbeddedStore } from "./open-embedded-store.ts";

test("LOG15 start reads the journal once and no thread's history", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 20_000 } });
  let store = await fixture.open();
  const threads = Array.from({ length: 30 }, (_, at) => fixture.script(`${at}`));
  for (const thread of threads) {
    await store.commit(thread.commit(created(), ...Array(40).fill(message("x".repeat(100)))));
  }
  await store.close();
  for (const ending of ["closed", "killed"]) {
    store = await fixture.open();
    const { files } = fixture;
    const where = `after it was ${ending}`;
    assert.equal(files.count("read", /\.jsonl$/), 0, `rollouts ${where}`);
    assert.equal(files.count("read", /thread\.json/), 0, `thread.json ${where}`);
    // The checkpoint that follows goes on where the indexes of three threads end.
    assert.ok(files.count("read", /\.idx$/) <= (ending === "closed" ? 0 : 3), `indexes ${where}`);
    assert.ok(files.count("read", /journal/) <= 2 * fixture.disk.paths(/journal/).length + 2);
    assert.ok(files.count("list") <= 10);
    for (const thread of threads.slice(0, 3)) {
      await store.commit(thread.commit(message("in the journal")));
    }
    await fixture.kill(store);
  }
  store = await fixture.open();
  for (const thread of threads) await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("LOG16 a directory in use is refused with one line, in this process and another", async (t) => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "spool-lock-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const options = { dataDir, now: Date.now, log: () => undefined };
  const store = await openEmbeddedStore(options);
  await assert.rejects(openEmbeddedStore(options), DataDirectoryError);
  const other = await openElsewhere(dataDir);
  assert.match(other, /^DataDirectoryError: .* is in use by another server\. [^\n]*\n$/);
  await store.close();
  assert.equal(await openElsewhere(dataDir), "opened\n");
  const again = await openEmbeddedStore(options);
  await again.close();
});

/** What a process of its own says that opens the directory. */
async function openElsewhere(dataDir: string): Promise<string> {
  const module = new URL("./open-embedded-store.ts", import.meta.url).href;
  const script = `
    const { openEmbeddedStore } = await import(${JSON.stringify(module)});
    const options = { dataDir: ${JSON.stringify(dataDir)}, now: Date.now, log: () => undefined };
    try {
      const store = await openEmbeddedStore(options);
      await store.close();
      process.stdout.write("opened\\n");
    } catch (error) {
      process.stdout.write(error.name + ": " + error.message + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return output;
}

test("LOG17 a newer or unreadable format is refused, and nothing is changed", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  await store.close();
  const file = path.join(fixture.dataDir, "format.json");
  assert.equal(JSON.parse(`${fixture.disk.file(file)?.bytes}`).format, formatVersion);
  const before = contents(fixture);
  for (const [bytes, message] of [
    [`{"format":${formatVersion + 1}}`, /newer version/],
    ["{", /damaged/],
    ['{"format":"1"}', /damaged/],
  ] as const) {
    fixture.disk.putFile(file, Buffer.from(bytes));
    await assert.rejects(fixture.open(), (error) => {
      return error instanceof DataDirectoryError && message.test(error.message);
    });
  }
  fixture.disk.putFile(file, Buffer.from(before.get(file) ?? ""));
  assert.deepEqual(contents(fixture), before);
  await (await fixture.open()).close();
});

test("LOG17 a directory of the first format is opened, and is of this one afterwards", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const thread = fixture.script("old");
  const store = await fixture.open();
  await store.commit(thread.commit(created(), runStarted("run_1")));
  await fixture.kill(store);
  const file = path.join(fixture.dataDir, "format.json");
  fixture.disk.putFile(file, Buffer.from('{"format":1}\n'));
  // Its tables were of another version too, and are made again.
  fixture.removeView();
  const again = await fixture.open();
  await assertStored(again, thread.key, thread.expected());
  await again.close();
  assert.equal(JSON.parse(`${fixture.disk.file(file)?.bytes}`).format, formatVersion);
});

function contents({ disk }: EmbeddedFixture): Map<string, string> {
  return new Map(disk.files().map(({ path: name, file }) => [name, file.bytes.toString("latin1")]));
}

test("LOG16 a directory that cannot be used is refused with one line", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "spool-file-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = path.join(folder, "file");
  writeFileSync(dataDir, "not a folder");
  const opening = openEmbeddedStore({ dataDir, now: Date.now, log: () => undefined });
  await assert.rejects(opening, (error: Error) => {
    return error instanceof DataDirectoryError && !error.message.includes("\n");
  });
});
