/** `spool publish --watch` with real folders, a real server, and everything that happens to files. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { zstdCompressSync } from "node:zlib";
import { eventually } from "@spool/server/testing/eventually";
import { jsonLines, type Running } from "../testing/run-spool.ts";
import { claudeLines, codexLines, codexTurns } from "../testing/session-lines.ts";
import { SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

const sessions = ".codex/sessions/2026/03/01";
const waitMs = { withinMs: 30_000 };
type Told = { type: string; [field: string]: unknown };

const told = (watch: Running) => jsonLines<Told>(watch.out());

async function ended(watch: Running, signal: NodeJS.Signals = "SIGTERM") {
  watch.process.kill(signal);
  return watch.finished;
}

/** How many of the turns of `codexLines` a thread holds whole. */
async function turns(threadId: string): Promise<number> {
  const events = await home.events(threadId);
  return events.filter(({ type }) => type === "run_completed").length;
}

async function hasTurns(threadId: string, count: number): Promise<void> {
  const what = `${threadId} has ${count} turns`;
  await eventually(what, async () => (await turns(threadId)) === count, waitMs);
}

/** Everything is there once: numbers count up in every run. */
async function assertOnce(threadId: string): Promise<void> {
  const last = new Map<string | null, number>();
  for (const { runId, runSequence } of await home.events(threadId)) {
    assert.equal(runSequence, (last.get(runId) ?? 0) + 1);
    last.set(runId, Number(runSequence));
  }
}

test("WATCH1 the agents' folders are told and followed: old files, new files, new folders", async () => {
  home.append(`${sessions}/rollout-old.jsonl`, codexLines("old", 2));
  const watch = home.watch();
  await watch.printed('"type":"caught_up"');
  await hasTurns("thr_old", 2);
  const folders = told(watch)[0]?.folders as { agent: string; exists: boolean }[];
  assert.deepEqual(
    folders.map(({ agent, exists }) => [agent, exists]),
    [
      ["Codex", true],
      ["Codex", false],
      ["Claude Code", false],
      ["Gemini CLI", false],
      ["Pi", false],
      ["OpenCode", false],
    ],
  );
  home.append(`${sessions}/rollout-old.jsonl`, codexTurns("old-t3"));
  await hasTurns("thr_old", 3);
  home.append(".codex/sessions/2026/03/02/rollout-new.jsonl", codexLines("new", 1));
  await hasTurns("thr_new", 1);
  home.append(".claude/projects/-home-dev/claude.jsonl", claudeLines("claude", 2));
  const isThere = async () => (await home.events("thr_claude")).length > 5;
  await eventually("the session of a new agent", isThere, waitMs);
  assert.equal((await ended(watch)).code, 130);
});

test("WATCH1 named folders are followed instead, by content; polling finds the same", async () => {
  home.append("work/any name.jsonl", codexLines("named", 1));
  home.append("work/deep/other.jsonl", "not a session\n".repeat(60));
  const watch = home.watch("--poll", join(home.folder, "work"));
  await hasTurns("thr_named", 1);
  home.append("work/any name.jsonl", codexTurns("named-t2"));
  await hasTurns("thr_named", 2);
  await watch.printed("is not a session of a known agent");
  await ended(watch);
  const { code, err } = await home.run(["publish", "--watch", join(home.folder, "nowhere")]);
  assert.equal(code, 2);
  assert.match(err, /nowhere does not exist/);
});

test("WATCH2 a renamed, compressed, cut or replaced file costs nothing and repeats nothing", async () => {
  const plain = home.append(`${sessions}/rollout-moves.jsonl`, codexLines("moves", 2));
  const watch = home.watch();
  await hasTurns("thr_moves", 2);
  const archived = home.path(".codex/archived_sessions/rollout-moves.jsonl");
  renameSync(plain, archived);
  appendFileSync(archived, codexTurns("moves-t3"));
  await hasTurns("thr_moves", 3);
  // The compressed twin takes its place, with one more turn inside.
  const whole = readFileSync(archived, "utf8") + codexTurns("moves-t4");
  writeFileSync(`${archived}.zst`, zstdCompressSync(Buffer.from(whole)));
  rmSync(archived);
  await hasTurns("thr_moves", 4);
  // Unpacked again, written anew in place and cut, then grown.
  writeFileSync(plain, whole);
  truncateSync(plain, Math.floor(whole.length / 3));
  writeFileSync(plain, whole + codexTurns("moves-t5"));
  await hasTurns("thr_moves", 5);
  await assertOnce("thr_moves");
  await ended(watch);
});

test("WATCH2 the folders are only read: nothing in them is made, changed or left open", async () => {
  const path = home.append(`${sessions}/rollout-read.jsonl`, codexLines("read", 1));
  const before = [readdirSync(home.path(sessions)).sort(), statSync(path).mtimeMs];
  const watch = home.watch();
  await hasTurns("thr_read", 1);
  await watch.printed('"type":"caught_up"');
  const open = readdirSync(`/proc/${watch.process.pid}/fd`).length;
  assert.ok(open < 64, `${open} files are open`);
  await ended(watch);
  assert.deepEqual([readdirSync(home.path(sessions)).sort(), statSync(path).mtimeMs], before);
});

test("WATCH2 a last line without newline counts once its file rests, and may still go on", async () => {
  const turns4 = codexLines("torn", 2) + codexTurns("torn-t3", "torn-t4");
  const whole = Buffer.from(turns4);
  const end2 = Buffer.byteLength(codexLines("torn", 2)) - 1;
  const path = home.append(`${sessions}/rollout-torn.jsonl`, whole.subarray(0, end2));
  const watch = home.watch();
  await hasTurns("thr_torn", 2);
  // In the middle of a record, of a character, and of its last line.
  for (const to of [end2 + 60, turns4.indexOf("ä", end2) + 40, whole.length - 1]) {
    const { size } = statSync(path);
    appendFileSync(path, whole.subarray(size, to));
    // Long enough for it to count as it is.
    await pause(2_300);
  }
  await hasTurns("thr_torn", 4);
  appendFileSync(path, "\n");
  await hasTurns("thr_torn", 4);
  await ended(watch);
  const { client, key } = await home.otherClient("torn");
  assert.equal((await home.run(["publish", path], { SPOOL_API_KEY: key })).code, 0);
  assert.deepEqual(await home.events("thr_torn"), await home.events("thr_torn", client));
});

test("WATCH2 a folder that may not be read is told of, the others are followed", {
  skip: process.getuid?.() === 0 ? "root may read everything" : false,
}, async () => {
  const closed = home.path(".claude/projects/-closed/x.jsonl");
  chmodSync(join(closed, ".."), 0o000);
  const watch = home.watch();
  await watch.printed("may not be read");
  chmodSync(join(closed, ".."), 0o700);
  await ended(watch);
});

test("WATCH4 positions move with the server's answers; a damaged state is dropped", async () => {
  home.append(`${sessions}/rollout-kept.jsonl`, codexLines("kept", 1));
  const first = home.watch();
  await first.printed('"type":"caught_up"');
  await ended(first);
  const folder = join(home.folder, ".local/state/spool");
  const [name = ""] = readdirSync(folder);
  const path = join(folder, name);
  const kept = JSON.parse(readFileSync(path, "utf8"));
  const file = kept.files[home.path(`${sessions}/rollout-kept.jsonl`)];
  assert.equal(file.position, statSync(home.path(`${sessions}/rollout-kept.jsonl`)).size);
  for (const text of [
    "{",
    "[]",
    '{"version":1,"files":{"x":{}}}',
    readFileSync(path).subarray(9),
  ]) {
    writeFileSync(path, text);
    const again = home.watch();
    await again.printed('"type":"caught_up"');
    const { out } = await ended(again);
    assert.match(out, /is dropped/);
    assert.equal(jsonLines<Told>(out).find(({ type }) => type === "caught_up")?.appended, 0);
  }
  await hasTurns("thr_kept", 1);
  assert.equal(JSON.parse(readFileSync(path, "utf8")).version, 1);
});

test("WATCH4 a state that cannot be written is told of once, and nothing else is lost", async () => {
  const blocked = home.path("blocked/file");
  writeFileSync(blocked, "");
  const watch = home.spool(["publish", "--watch", "--json"], {
    SPOOL_SMALL_HEAP: "1",
    XDG_STATE_HOME: blocked,
  });
  await watch.printed('"type":"caught_up"');
  home.append(`${sessions}/rollout-blocked.jsonl`, codexLines("blocked", 2));
  await hasTurns("thr_blocked", 2);
  await watch.printed("cannot be written (ENOTDIR)");
  const { out } = await ended(watch);
  assert.equal(out.split("cannot be written").length, 2);
});

test("WATCH6 a run that was cancelled on the server is left out, and the next one goes on", async () => {
  const lines = codexLines("cancelled", 1);
  const half = lines.slice(0, lines.indexOf('"function_call"')).lastIndexOf("\n") + 1;
  const path = home.append(`${sessions}/rollout-cancelled.jsonl`, lines.slice(0, half));
  const watch = home.watch();
  const isOpen = async () => {
    const { thread } = await home.client.threads.get("thr_cancelled");
    return thread.activeRunId !== null;
  };
  await watch.printed('"threadId":"thr_cancelled"');
  assert.ok(await isOpen());
  await home.client.threads.cancel("thr_cancelled");
  appendFileSync(path, lines.slice(half) + codexTurns("cancelled-t2"));
  await hasTurns("thr_cancelled", 2);
  await watch.printed(/"type":"left_out".*RUN_FENCED/);
  const events = await home.events("thr_cancelled");
  const statuses = events.flatMap(({ type, payload }) =>
    type === "run_completed" ? [(payload as { status: string }).status] : [],
  );
  assert.deepEqual(statuses, ["cancelled", "completed"]);
  await ended(watch);
});

test("WATCH6 a deleted thread stays deleted, told of once", async () => {
  const path = home.append(`${sessions}/rollout-gone.jsonl`, codexLines("gone", 1));
  const watch = home.watch();
  await hasTurns("thr_gone", 1);
  await home.client.threads.delete("thr_gone");
  appendFileSync(path, codexTurns("gone-t2"));
  await watch.printed(/"type":"left_out".*THREAD_DELETED/);
  appendFileSync(path, codexTurns("gone-t3"));
  home.append(`${sessions}/rollout-stays.jsonl`, codexLines("stays", 1));
  await hasTurns("thr_stays", 1);
  const { out } = await ended(watch);
  assert.equal(out.split("THREAD_DELETED").length, 2);
});

test("WATCH6 a key that is unknown, or may not publish, ends it with 3 and one line", async () => {
  const unknown = `rt_live_${"x".repeat(43)}`;
  const refused = await home.run(["publish", "--watch"], { SPOOL_API_KEY: unknown });
  assert.equal(refused.code, 3);
  assert.match(refused.err, /^spool: .* does not know this API key; .*\n$/);
  const { key } = await home.client.account.createKey({ scopes: ["agent:read"] });
  const lacking = await home.run(["publish", "--watch", "--json"], { SPOOL_API_KEY: key });
  assert.equal(lacking.code, 3);
  assert.equal(JSON.parse(lacking.err).error.code, "INSUFFICIENT_SCOPE");
});

test("WATCH6 a key that is revoked meanwhile ends it too", async () => {
  const made = await home.client.account.createKey({ scopes: ["agent:*"] });
  const watch = home.spool(["publish", "--watch"], {
    SPOOL_SMALL_HEAP: "1",
    SPOOL_API_KEY: made.key,
  });
  await watch.printed("up to date");
  await home.client.account.revokeKey(made.id);
  home.append(`${sessions}/rollout-revoked.jsonl`, codexLines("revoked", 1));
  const { code, err } = await watch.finished;
  assert.deepEqual([code, err.includes("does not know this API key")], [3, true]);
});

test("WATCH7 without a server it waits and says so once; later everything is there, in order", async () => {
  await home.killServer();
  home.append(`${sessions}/rollout-away.jsonl`, codexLines("away", 1));
  const watch = home.watch();
  await watch.printed('"type":"waiting"');
  home.append(`${sessions}/rollout-away.jsonl`, codexTurns("away-t2"));
  await home.startServer();
  await hasTurns("thr_away", 2);
  await home.killServer();
  home.append(`${sessions}/rollout-away.jsonl`, codexTurns("away-t3", "away-t4"));
  await eventually("it waits again", () => watch.out().split('"waiting"').length === 3, waitMs);
  await home.startServer();
  await hasTurns("thr_away", 4);
  await watch.printed('"type":"resumed"');
  await assertOnce("thr_away");
  await ended(watch);
});

test("WATCH7 two publishers of the same files at once add everything once", async () => {
  const watches = [home.watch(), home.watch()];
  const path = home.path(`${sessions}/rollout-twice.jsonl`);
  appendFileSync(path, codexLines("twice", 1));
  for (let turn = 2; turn <= 10; turn += 1) appendFileSync(path, codexTurns(`twice-t${turn}`));
  await hasTurns("thr_twice", 10);
  await assertOnce("thr_twice");
  for (const watch of watches) await ended(watch);
});

test("WATCH8 SIGINT and SIGTERM end it at once with what it did, also while it waits", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const watch = home.watch();
    await watch.printed('"type":"caught_up"');
    const { code, out } = await ended(watch, signal);
    assert.equal(code, 130);
    assert.equal(jsonLines<Told>(out).at(-1)?.type, "stopped");
  }
  await home.killServer();
  const waiting = home.watch();
  await waiting.printed('"type":"waiting"');
  assert.equal((await ended(waiting)).code, 130);
  await home.startServer();
});

test("WATCH9 secrets are masked before they are sent, and --no-redact sends them", async () => {
  const secret = `ghp_${"a1B2".repeat(9)}`;
  const lines = codexLines("secret", 1).replaceAll("Did secret-t1", `Did ${secret}`);
  home.append("secrets/a.jsonl", lines);
  const masked = home.watch(join(home.folder, "secrets"));
  await hasTurns("thr_secret", 1);
  await masked.printed('"redacted":');
  await ended(masked);
  const text = JSON.stringify(await home.events("thr_secret"));
  assert.ok(!text.includes(secret) && text.includes("Did [redacted:github-token]"));
  home.append(
    "open/a.jsonl",
    lines.replaceAll("secret-t1", "open-t1").replaceAll('"secret"', '"open"'),
  );
  const open = home.watch("--no-redact", join(home.folder, "open"));
  await hasTurns("thr_open", 1);
  await ended(open);
  assert.ok(JSON.stringify(await home.events("thr_open")).includes(secret));
});

test("WATCH4 the state is not another server's: after a new installation everything is sent again", async () => {
  await home.killServer();
  rmSync(join(home.folder, "data"), { recursive: true });
  assert.ok(existsSync(home.folder) && mkdirSync(join(home.folder, "data")) === undefined);
  await home.startServer();
  const watch = home.watch();
  await watch.printed("is of another server at this address");
  await hasTurns("thr_old", 3);
  await ended(watch);
});
