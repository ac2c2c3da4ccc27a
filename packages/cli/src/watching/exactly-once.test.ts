/**
 * Agents write, the publisher and the server are killed at any moment and start again: in the end
 * every thread holds what one undisturbed publish of its file gives, event by event. Real
 * processes, real files; the seed decides what happens when.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "@spool/server/testing/eventually";
import { SeededRandom } from "@spool/server/testing/seeded-random";
import type { Running } from "../testing/run-spool.ts";
import { claudeLines, codexLines } from "../testing/session-lines.ts";
import { SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

const samples = fileURLToPath(new URL("../../../../../shared/samples/", import.meta.url));
const waitMs = { withinMs: 90_000 };

/** Appends a file's bytes in pieces of any size, as an agent and its buffers do. */
async function write(name: string, bytes: Buffer, random: SeededRandom): Promise<void> {
  const pieces = 30;
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(Math.ceil((2 * bytes.length) / pieces));
    home.append(name, bytes.subarray(at, at + length));
    at += length;
    await pause(random.below(120));
  }
}

/** Kills and starts publishers and the server until the writing is over. */
async function disturb(isOver: () => boolean, random: SeededRandom): Promise<void> {
  let publisher: Running = home.watch();
  while (!isOver()) {
    await pause(50 + random.below(700));
    if (random.chance(0.4)) {
      await home.killServer();
      await pause(random.below(400));
      await home.startServer();
    } else {
      publisher.process.kill(random.chance(0.8) ? "SIGKILL" : "SIGTERM");
      if (random.chance(0.5)) await publisher.finished;
      publisher = home.watch();
    }
  }
}

async function assertSame(files: ReadonlyMap<string, string>, seed: number): Promise<void> {
  const { client, key } = await home.otherClient(`undisturbed-${seed}`);
  const paths = [...files.values()].map((name) => home.path(name));
  const { code, err } = await home.run(["publish", ...paths], { SPOOL_API_KEY: key });
  assert.deepEqual([code, err], [0, ""]);
  for (const threadId of files.keys()) {
    const expected = await home.events(threadId, client);
    assert.ok(expected.length > 20);
    const isWhole = async () => (await home.events(threadId)).length >= expected.length;
    await eventually(`${threadId} is whole (seed ${seed})`, isWhole, waitMs);
    assert.deepEqual(await home.events(threadId), expected, `${threadId} (seed ${seed})`);
  }
}

for (const seed of [1, 2, 3]) {
  test(`WATCH3 killed at any moment, everything is there once and in order (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const files = new Map([
      [`thr_codex-${seed}`, `.codex/sessions/2026/03/0${seed}/rollout-${seed}.jsonl`],
      [`thr_claude-${seed}`, `.claude/projects/-home-dev/claude-${seed}.jsonl`],
    ]);
    const contents = [codexLines(`codex-${seed}`, 25), claudeLines(`claude-${seed}`, 40)];
    let isOver = false;
    const writing = [...files.values()].map((name, index) =>
      write(name, Buffer.from(contents[index] as string), new SeededRandom(seed * 10 + index)),
    );
    const disturbing = disturb(() => isOver, random);
    await Promise.all(writing);
    isOver = true;
    await disturbing;
    await assertSame(files, seed);
  });
}

test("WATCH3 a real session written piece by piece, with both ends killed, is as published at once", {
  skip: existsSync(samples) ? false : "the sample files are not beside this checkout",
}, async () => {
  const bytes = readFileSync(`${samples}codex/codex-0.118-tui-2turns.jsonl`);
  const id = /"session_meta","payload":\{"id":"([^"]+)"/.exec(bytes.toString())?.[1];
  const name = ".codex/sessions/2026/04/01/rollout-real.jsonl";
  let isOver = false;
  const disturbing = disturb(() => isOver, new SeededRandom(77));
  await write(name, bytes, new SeededRandom(78));
  isOver = true;
  await disturbing;
  await assertSame(new Map([[`thr_${id}`, name]]), 77);
});
