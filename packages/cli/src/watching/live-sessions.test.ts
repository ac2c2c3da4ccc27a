/**
 * Two agents at work, a publisher that follows them, watchers that see it live, and both ends of
 * the publishing killed in the middle: what the threads hold in the end is what converting the
 * finished files gives, and what each watcher saw. Every part is a process of its own.
 */
import assert from "node:assert/strict";
import { createReadStream, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { SubAgentLink } from "@spool/adapters/frame";
import { collectSession, readSession } from "@spool/adapters/read-session";
import type { Event } from "@spool/protocol/resources";
import { eventually } from "@spool/server/testing/eventually";
import { SeededRandom } from "@spool/server/testing/seeded-random";
import { type LiveFile, liveClaudeFiles, liveCodexFile } from "../testing/live-sessions.ts";
import { jsonLines, type Running } from "../testing/run-spool.ts";
import { type PublishedEvent, SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

const waitMs = { withinMs: 90_000 };

/** Appends the file's bytes in about `pieces` pieces; hears each that is on the disk. */
async function writeLive(
  { name, text, after }: LiveFile,
  { pieces, random, onPiece }: { pieces: number; random: SeededRandom; onPiece: () => void },
): Promise<void> {
  const bytes = Buffer.from(text);
  if (after !== undefined) {
    const size = () => statSync(home.path(after.name), { throwIfNoEntry: false })?.size ?? 0;
    await eventually(`${after.name} has begun`, () => size() >= after.bytes);
  }
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(Math.ceil((2 * bytes.length) / pieces));
    home.append(name, bytes.subarray(at, at + length));
    at += length;
    onPiece();
    await pause(random.below(80));
  }
}

/** What the finished files give, by thread; a session's own file comes before its sub-agents'. */
async function converted(files: readonly LiveFile[]): Promise<Map<string, PublishedEvent[]>> {
  const links: SubAgentLink[] = [];
  const events = new Map<string, PublishedEvent[]>();
  for (const { name } of files) {
    const session = readSession(createReadStream(home.path(name)), { links });
    const { threads, problems } = await collectSession(session);
    assert.deepEqual(problems, []);
    for (const [threadId, { frames }] of threads) {
      const plain = frames.map(({ type, payload, runId, runSequence }) => {
        return { type, payload, runId, runSequence } as PublishedEvent;
      });
      // As it is on the wire: without what is undefined.
      events.set(threadId, JSON.parse(JSON.stringify(plain)));
    }
  }
  return events;
}

/** An event as its publisher sent it: the server gives compactions their ids (ROL9). */
function asSent({ type, payload, runId, runSequence }: PublishedEvent): PublishedEvent {
  const { compactionId: _, ...sent } = payload as { compactionId?: string };
  return { type, payload: sent as Event["payload"], runId, runSequence } as PublishedEvent;
}

/** The stored events that a watcher printed, in the order it did. */
function seenBy(tail: Running): Event[] {
  return jsonLines<Event>(tail.out().replace(/[^\n]*$/, "")).filter((frame) => "sequence" in frame);
}

async function startTails(threadIds: Iterable<string>): Promise<Map<string, Running>> {
  const tails = new Map<string, Running>();
  for (const threadId of threadIds) {
    const isThere = async () => (await home.events(threadId)).length > 0;
    await eventually(`${threadId} is there`, isThere, waitMs);
    tails.set(threadId, home.spool(["tail", threadId, "--all-rollouts", "--json"]));
  }
  return tails;
}

/** Kills publisher and server, each at its moment of the writing, and starts them again. */
function disturbances(pieces: number, random: SeededRandom) {
  const at = (share: number) => Math.floor(pieces * (share + random.next() * 0.15));
  const moments = new Map([
    [at(0.2), "publisher"],
    [at(0.45), "server"],
    [at(0.7), "publisher"],
  ]);
  let publisher = home.watch();
  let written = 0;
  let disturbing = Promise.resolve();
  const disturb = async (what: string | undefined) => {
    if (what === "publisher") {
      publisher.process.kill("SIGKILL");
      await publisher.finished;
      await pause(random.below(300));
      publisher = home.watch();
    } else if (what === "server") {
      await home.killServer();
      await pause(random.below(600));
      await home.startServer();
    }
  };
  const onPiece = () => {
    written += 1;
    const what = moments.get(written);
    disturbing = disturbing.then(() => disturb(what));
  };
  const over = async () => {
    await disturbing;
    return publisher;
  };
  return { onPiece, over };
}

for (const seed of [11, 12]) {
  test(`WATCH3 two live sessions with both ends killed are as converted, live and stored (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const files = [liveCodexFile(`live-${seed}`, 18), ...liveClaudeFiles(`claude-${seed}`, 18)];
    const pieces = 40;
    const { onPiece, over } = disturbances(pieces * files.length, random);
    const writing = files.map((file, index) => {
      return writeLive(file, {
        pieces,
        random: new SeededRandom(seed * 10 + index),
        onPiece,
      });
    });
    const watching = startTails([`thr_live-${seed}`, `thr_claude-${seed}`]);
    await Promise.all(writing);
    const publisher = await over();
    const expected = await converted(files);
    assert.equal(expected.size, 3);
    for (const [threadId, events] of expected) {
      const isWhole = async () => (await home.events(threadId)).length >= events.length;
      await eventually(`${threadId} is whole (seed ${seed})`, isWhole, waitMs);
      const stored = (await home.events(threadId)).map(asSent);
      assert.deepEqual(stored, events, `${threadId} (seed ${seed})`);
    }
    for (const [threadId, tail] of await watching) {
      const count = expected.get(threadId)?.length ?? 0;
      await eventually(`${threadId} was seen`, () => seenBy(tail).length >= count, waitMs);
      const seen = seenBy(tail);
      const sequences = seen.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        Array.from({ length: count }, (_, index) => index + 1),
      );
      assert.deepEqual(seen.map(asSent), expected.get(threadId));
      tail.process.kill("SIGTERM");
    }
    publisher.process.kill("SIGTERM");
    assert.equal((await publisher.finished).code, 130);
  });
}
