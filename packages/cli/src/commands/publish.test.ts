/** `spool publish` with hand-written session files against a real server. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assistant, session, text, user } from "@spool/adapters/testing/claude-rows";
import * as codex from "@spool/adapters/testing/codex-records";
import { SpoolClient } from "@spool/client/spool-client";
import { allOf } from "@spool/client/testing/all-of";
import { freePort } from "@spool/client/testing/free-port";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool, startSpool } from "../testing/run-spool.ts";

type Summary = {
  ok: boolean;
  threads: {
    threadId: string;
    title: string;
    appended: number;
    duplicates: number;
    error: unknown;
  }[];
  problems: { line: number; problem: string }[];
};

const folder = mkdtempSync(join(tmpdir(), "spool-cli-"));
let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer();
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function publish(words: readonly string[], input?: string) {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  return runSpool(["publish", ...words], { env, ...(input === undefined ? {} : { input }) });
}

async function summaries(words: readonly string[], input?: string) {
  const { code, out } = await publish([...words, "--json"], input);
  return { code, summaries: jsonLines<Summary>(out) };
}

const counts = ({ threads }: Summary) => threads.map((t) => [t.appended, t.duplicates]);
const lines = (records: readonly object[]) => records.map((r) => `${JSON.stringify(r)}\n`).join("");

function codexTurn(turn: string): object[] {
  return [
    ...codex.turnStart(turn),
    ...codex.prompt(`Please do ${turn}`),
    codex.call(`${turn}-call`),
    codex.output(`${turn}-call`),
    ...codex.answer(`Did ${turn}`),
    codex.turnEnd(turn),
  ];
}

/** A Codex session of a name, as a file; gives its path. */
function codexFile(name: string, ...turns: string[]): string {
  const path = join(folder, `${name}.jsonl`);
  const records = [codex.sessionMeta({ id: name }), ...turns.flatMap(codexTurn)];
  writeFileSync(path, lines(codex.rollout(...records)));
  return path;
}

async function types(threadId: string): Promise<string[]> {
  const events = await allOf(client.history.allEvents(threadId, { allRollouts: true }));
  return events.map(({ type }) => type).filter((type) => type !== "custom");
}

const turnTypes = [
  "run_started",
  "user_message",
  "tool_call",
  "tool_result",
  "assistant_message",
  "run_completed",
];

test("CFG12 a session file becomes a thread with its title, and publishing it again adds nothing", async () => {
  const file = codexFile("twice", "one");
  const first = await publish([file]);
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.match(
    first.out,
    /^\S+twice\.jsonl: thr_twice "Please do one": \d+ events added, 0 already/,
  );
  assert.deepEqual(await types("thr_twice"), turnTypes);
  const { thread } = await client.threads.get("thr_twice");
  assert.deepEqual([thread.agentId, thread.executionMode], ["codex", "local"]);
  const again = await summaries([file]);
  assert.equal(again.code, 0);
  assert.deepEqual(again.summaries.map(counts), [[[0, thread.eventCount]]]);
  assert.equal((await client.threads.get("thr_twice")).thread.sequence, thread.sequence);
});

test("CFG12 of a file that has grown only the rest is added, also from a torn last line on", async () => {
  const file = codexFile("grows", "one");
  assert.equal((await publish([file])).code, 0);
  const { thread } = await client.threads.get("thr_grows");
  const rest = lines(codex.rollout(...codexTurn("two")));
  appendFileSync(file, rest.slice(0, -25));
  assert.equal((await publish([file])).code, 0);
  appendFileSync(file, rest.slice(-25));
  const grown = await summaries([file]);
  assert.equal(grown.code, 0);
  assert.deepEqual(await types("thr_grows"), [...turnTypes, ...turnTypes]);
  const after = await client.threads.get("thr_grows");
  const [[[appended, duplicates] = []] = []] = grown.summaries.map(counts);
  assert.equal(Number(appended) + Number(duplicates), after.thread.eventCount);
  assert.ok(Number(appended) > 0 && after.thread.eventCount > thread.eventCount);
});

test("CFG12 the server holding the frames back as duplicates gives the same counts", async () => {
  const file = codexFile("raced", "one");
  await publish([file]);
  // Whatever else was published meanwhile: the numbers alone decide.
  const events = await allOf(client.history.allEvents("thr_raced"));
  const frames = events.map(({ type, payload, runSequence = 0 }) => ({
    type,
    payload,
    runSequence,
  }));
  const runId = events[0]?.runId ?? null;
  const answer = await client.publish({ threadId: "thr_raced", runId, events: frames });
  assert.deepEqual([answer.appended, answer.duplicates], [0, frames.length]);
});

test("CFG12 files that fail do not stop the others, and the exit code says so", async () => {
  const good = codexFile("good", "one");
  const bad = join(folder, "bad.jsonl");
  writeFileSync(bad, '{"hello":"world"}\n');
  const { code, out } = await publish([bad, join(folder, "missing"), folder, good]);
  assert.equal(code, 1);
  const [first, second, third, fourth] = out.split("\n");
  assert.match(first ?? "", /bad\.jsonl: failed: is not a session of a known agent$/);
  assert.match(second ?? "", /missing: failed: \S+missing does not exist$/);
  assert.match(third ?? "", /: failed: \S+ is a directory; name the files in it$/);
  assert.match(fourth ?? "", /good\.jsonl: thr_good .*events added/);
});

test("CFG12 a line that cannot be read is told with its number, the rest is published", async () => {
  const file = codexFile("broken", "one");
  appendFileSync(file, `{"type":"event_msg","pay\n${lines(codex.rollout(...codexTurn("two")))}`);
  const { code, summaries: told } = await summaries([file]);
  assert.equal(code, 0);
  assert.equal(told[0]?.problems.length, 1);
  const number = lines([codex.sessionMeta(), ...codexTurn("one")]).split("\n").length;
  assert.equal(told[0]?.problems[0]?.line, number);
  assert.deepEqual(await types("thr_broken"), [...turnTypes, ...turnTypes]);
  assert.match((await publish([file])).out, new RegExp(`^  line ${number}: `, "m"));
});

test("CFG12 standard input is a file like others; other agents are told by their content", async () => {
  const rows = session(user("Hello there"), assistant("msg_1", text("Hi")), user("Bye"));
  const { code, summaries: told } = await summaries(["-"], lines(rows));
  assert.equal(code, 0);
  const [thread] = told[0]?.threads ?? [];
  assert.equal(thread?.title, "Hello there");
  assert.ok((await types(thread?.threadId ?? "")).includes("assistant_message"));
});

test("CFG12 messages alone leave custom frames out, and cannot be mixed with everything", async () => {
  const file = codexFile("lean", "one");
  assert.equal((await publish([file, "--messages-only"])).code, 0);
  const events = await allOf(client.history.allEvents("thr_lean"));
  assert.deepEqual(
    events.map(({ type }) => type),
    turnTypes,
  );
  const mixed = await publish([file]);
  assert.equal(mixed.code, 1);
  assert.match(mixed.out, /was published with --messages-only/);
  assert.equal((await publish([file, "--messages-only"])).code, 0);
});

test("CFG12 a title that a person set stays", async () => {
  const file = codexFile("renamed", "one");
  await publish([file]);
  await client.threads.update("thr_renamed", { title: "Mine" });
  await publish([file]);
  assert.equal((await client.threads.get("thr_renamed")).thread.title, "Mine");
});

test("CFG12 a thread that is somebody else's or was deleted fails its file only", async () => {
  const file = codexFile("taken", "one");
  const good = codexFile("free", "one");
  const mark = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.member } });
  await mark.threads.create({ id: "thr_taken" });
  const taken = await summaries([file, good]);
  assert.equal(taken.code, 1);
  assert.deepEqual(
    taken.summaries.map(({ ok }) => ok),
    [false, true],
  );
  const gone = codexFile("gone", "one");
  await publish([gone]);
  await client.threads.delete("thr_gone");
  const deleted = await publish([gone]);
  assert.equal(deleted.code, 1);
  assert.match(deleted.out, /gone\.jsonl: thr_gone: failed: /);
});

test("CFG12 several files of several threads go in at once, each in its order", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `many${index}`);
  const files = names.map((name) => codexFile(name, "one", "two", "three"));
  const { code, summaries: told } = await summaries([...files, ...files]);
  assert.equal(code, 0);
  assert.equal(told.length, 24);
  assert.ok(told.slice(0, 12).every(({ threads }) => threads[0]?.duplicates === 0));
  assert.ok(told.slice(12).every(({ threads }) => threads[0]?.appended === 0));
  for (const name of names) {
    assert.deepEqual(await types(`thr_${name}`), [...turnTypes, ...turnTypes, ...turnTypes]);
  }
});

test("CFG7 a wrong key is one clear line", async () => {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: "rt_live_wrong" };
  const { code, out, err } = await runSpool(["publish", codexFile("never", "one")], { env });
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /^spool: \S+ does not know this API key[^\n]*\n$/);
});

test("CFG12 PUB20 a restart of the server in the middle loses nothing and doubles nothing", async () => {
  const port = String(await freePort());
  const restarting = await startTestServer({ flags: { port } });
  const env = { SPOOL_URL: restarting.url, SPOOL_API_KEY: restarting.keys.owner };
  const turns = Array.from({ length: 40 }, (_, index) => `turn${index}`);
  const files = Array.from({ length: 10 }, (_, index) => codexFile(`restart${index}`, ...turns));
  const running = startSpool(["publish", "--json", ...files], { env });
  await running.printed("thr_restart0");
  await restarting.restart();
  const { code, out, err } = await running.finished;
  assert.equal(code, 0, out + err);
  const credential = { apiKey: restarting.keys.owner };
  const other = new SpoolClient({ url: restarting.url, credential });
  for (const { threads } of jsonLines<Summary>(out)) {
    const { thread } = await other.threads.get(threads[0]?.threadId ?? "", { limit: 1 });
    const counted = threads[0]?.appended ?? 0;
    assert.equal(thread.eventCount, counted + (threads[0]?.duplicates ?? 0));
    assert.equal(thread.status, "idle");
  }
  await restarting.close();
});
