/**
 * Changes single bytes all over a data directory, one at a time, and opens it: whatever is not as
 * it was acknowledged must be refused or reported, and never be served, or left out, in silence
 * (LOG10, LOG20). Other threads than those named go on.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { assertStored, eventsOf } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { settled } from "../../testing/eventually.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runStarted,
  type Step,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { StorageDamage, type ThreadStore } from "../thread-store.ts";
import { DataDirectoryError } from "./data-directory.ts";

/** Bytes between two that are changed; coprime to the sizes of records. */
const stride = 37;

for (const tables of ["kept", "gone"] as const) {
  test(`LOG10 LOG20 no changed byte does harm in silence, tables ${tables}`, async (t) => {
    const { fixture, scripts } = await prepare(t);
    let trials = 0;
    let told = 0;
    for (const { path, file } of fixture.disk.files()) {
      for (let offset = trials % stride; offset < file.size; offset += stride) {
        if (file.bytes[offset] === 0) continue; // zeros ahead in the journal, padding
        const copy = fixture.copy(t, trials);
        copy.disk.file(path.replace(fixture.dataDir, copy.dataDir))?.flip(offset);
        if (tables === "gone") copy.removeView();
        const where = `${path.slice(fixture.dataDir.length)} at ${offset}`;
        if (await isTold(copy, scripts, where)) told += 1;
        trials += 1;
      }
    }
    t.diagnostic(`${trials} bytes changed, ${told} of them reported`);
    assert.ok(trials > 100 && told > trials / 4);
  });
}

/** Threads partly in files, partly in the journal, when the process dies. */
async function prepare(t: TestContext) {
  const fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 1_800 } });
  const scripts = ["a", "b", "gone"].map((name) => fixture.script(name));
  let store = await fixture.open();
  const commitAll = async (...steps: readonly Step[]) => {
    for (const script of scripts) await store.commit(script.commit(...steps));
  };
  await commitAll(created({ title: "a title", metadata: { n: 1 } }), message("hello", "m1"));
  await commitAll(runStarted("run_1"), event("compaction_started"), compacted("rol_second"));
  await store.close();
  store = await fixture.open();
  await commitAll(event("custom", { data: "x".repeat(120) }), runCompleted());
  await commitAll(renamed("another"), archived(), metadataSet({ n: 2 }));
  await store.commit((scripts[2] as ThreadScript).commit(deleted()));
  await settled();
  await fixture.kill(store);
  // A further start, whose new segment proves that the last batch was flushed.
  store = await fixture.open((files) => files.hold("write", /threads/));
  await fixture.kill(store);
  return { fixture, scripts };
}

/** Opens the directory and looks at every thread. Whether anything was reported. */
async function isTold(
  fixture: EmbeddedFixture,
  scripts: readonly ThreadScript[],
  where: string,
): Promise<boolean> {
  let store: ThreadStore;
  try {
    store = await fixture.open();
  } catch (error) {
    assert.ok(error instanceof DataDirectoryError, `${where}: ${error}`);
    return true;
  }
  let told = fixture.logs.some((line) => line.startsWith("damaged: "));
  for (const script of scripts) {
    const problem = await problemOf(store, script);
    await assertNothingWrong(store, script, where);
    if (problem === null) continue;
    told = true;
    if (problem instanceof StorageDamage) continue;
    const refused = await isRefused(store, script);
    assert.ok(
      refused,
      `${where}: ${script.key.threadId} is not whole and takes writes: ${problem}`,
    );
  }
  await store.close();
  return told;
}

async function problemOf(store: ThreadStore, script: ThreadScript): Promise<Error | null> {
  try {
    await assertStored(store, script.key, script.expected());
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Lines that are served are those that were written, in their order from the first. */
async function assertNothingWrong(store: ThreadStore, script: ThreadScript, where: string) {
  const page = await store.readEvents(eventsOf(script.key)).catch(() => null); // counted above
  // A thread that was deleted and one that lost its deletion are told apart by its writes.
  const { events } = script.expected(script.version - 1);
  for (const [at, line] of (page?.lines ?? []).entries()) {
    const expected = script.expected().events[at] ?? events[at];
    assert.equal(`${line}`, `${expected?.line}`, `${where}: a line that was never written`);
  }
}

async function isRefused(store: ThreadStore, script: ThreadScript): Promise<boolean> {
  const isDeleted = script.expected().thread?.deletedAt != null;
  const afresh = new ThreadScript(script.key, () => 0).commit(created());
  const goesOn = isDeleted ? null : script.commit(message("refused"));
  if (goesOn !== null) script.rewind(script.version - 1);
  for (const commit of goesOn === null ? [afresh] : [goesOn, afresh]) {
    const outcome = await store.commit(commit).catch((error) => error);
    const refused = outcome instanceof DomainError && outcome.code === "STORAGE_UNAVAILABLE";
    if (!refused) return false;
  }
  return true;
}
