/** `spool export` and `spool import` between two real servers. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exported, textOf, variedThread } from "@spool/server/testing/moved-threads";
import { newIds } from "@spool/server/testing/published-threads";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool } from "../testing/run-spool.ts";

let from: TestServer;
let to: TestServer;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "spool-moving-"));
  [from, to] = await Promise.all([startTestServer(), startTestServer()]);
});
after(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([from.close(), to.close()]);
});

function spool(server: TestServer, words: string[], input?: Buffer | string) {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  return runSpool(words, { env, ...(input === undefined ? {} : { input }) });
}

async function thread(): Promise<string> {
  const ids = newIds("cli");
  await variedThread(from, ids);
  return ids.threadId;
}

test("MOVE11 MOVE12 a thread goes through a pipe or a file to another server", async () => {
  const threadId = await thread();
  const text = textOf(await exported(from, threadId));
  const piped = await spool(from, ["export", threadId]);
  assert.deepEqual([piped.code, piped.out, piped.err], [0, text, ""]);
  const file = join(folder, "one.jsonl");
  const written = await spool(from, ["export", threadId, "-o", file]);
  assert.deepEqual([written.code, written.out], [0, `${threadId}: 13 events in ${file}\n`]);
  assert.equal(readFileSync(file, "utf8"), text);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const first = await spool(to, ["import", "-"], piped.out);
  assert.deepEqual([first.code, first.out], [0, `-: ${threadId}: new, 13 events\n`]);
  const again = await spool(to, ["import", "--json", file]);
  const answer = { file, ok: true, threadId, appended: 0, isNew: false };
  assert.deepEqual([again.code, jsonLines(again.out)], [0, [answer]]);
});

test("MOVE11 all threads go into a folder, a file each, and what fails is told", async () => {
  const [one, two] = [await thread(), await thread()];
  await from.request("PATCH", `/v1/threads/${two}`, {
    key: from.keys.owner,
    body: { archived: true },
  });
  const all = join(folder, "all");
  const done = await spool(from, ["export", "--all", "-o", all, "--json"]);
  assert.equal(done.code, 0, done.err);
  const rows = jsonLines<{ threadId: string; events: number; bytes: number }>(done.out);
  const row = rows.find(({ threadId }) => threadId === two);
  assert.equal(row?.events, 13);
  assert.equal(row?.bytes, statSync(join(all, `${two}.jsonl`)).size);
  assert.ok(
    readdirSync(all).every((name) => name.endsWith(".jsonl")),
    "no parts are left",
  );
  const some = await spool(from, ["export", one, "thr_none", two, "-o", join(folder, "some")]);
  assert.equal(some.code, 1);
  assert.match(some.err, /^spool: thr_none: there is no such thread[^\n]*\n$/);
  assert.equal(readdirSync(join(folder, "some")).length, 2);
});

test("MOVE11 MOVE12 what is used wrongly or cannot be is one clear line", async () => {
  const threadId = await thread();
  for (const words of [[], [threadId, "--all"], [threadId, threadId]]) {
    const { code, err } = await spool(from, ["export", ...words]);
    assert.equal(code, 2);
    assert.match(err, /^spool: [^\n]+\n$/);
  }
  const nowhere = await spool(from, ["export", threadId, "-o", join(folder, "none", "x")]);
  assert.deepEqual([nowhere.code, nowhere.out], [1, ""]);
  assert.match(nowhere.err, /^spool: [^\n]+does not exist\n$/);
  const missing = await spool(from, ["export", "thr_none"]);
  assert.deepEqual([missing.code, missing.out], [1, ""]);
});

test("MOVE12 a file that is not whole is refused with its line, the others are imported", async () => {
  const threadId = await thread();
  const text = textOf(await exported(from, threadId));
  const [cut, good, none] = ["cut", "good", "none"].map((name) => join(folder, name));
  writeFileSync(cut as string, text.slice(0, -30));
  writeFileSync(good as string, text);
  const files = [cut, none, good] as string[];
  const { code, out, err } = await spool(to, ["import", ...files]);
  assert.equal(code, 1);
  assert.equal(out, `${good}: ${threadId}: new, 13 events\n`);
  const [first, second, ...rest] = err.trimEnd().split("\n");
  assert.match(first ?? "", /cut: Line 14: it is not JSON/);
  assert.match(second ?? "", /none: \S+none does not exist$/);
  assert.deepEqual(rest, []);
  const json = await spool(to, ["import", "--json", cut as string]);
  const [row] = jsonLines<{ ok: boolean; error: { details: { line: number } } }>(json.out);
  assert.deepEqual([json.code, row?.ok, row?.error.details.line], [1, false, 14]);
});

const samples = fileURLToPath(new URL("../../../../../shared/samples/", import.meta.url));
const skip = existsSync(samples) ? false : "the sample files are not beside this checkout";

test("MOVE1 MOVE3 real sessions are the same on the second server", { skip }, async () => {
  const files = ["codex", "claude-code"].flatMap((agent) =>
    readdirSync(join(samples, agent))
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => join(samples, agent, name)),
  );
  const published = await spool(from, ["publish", ...files]);
  assert.equal(published.code, 0, published.err);
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  assert.equal((await spool(from, ["export", "--all", "-o", first])).code, 0);
  const names = readdirSync(first);
  assert.ok(names.length >= files.length);
  const third = await startTestServer();
  const paths = names.map((name) => join(first, name));
  const taken = await spool(third, ["import", "--json", ...paths]);
  assert.equal(taken.code, 0, taken.out);
  const again = jsonLines<{ appended: number }>(
    (await spool(third, ["import", "--json", ...paths])).out,
  );
  assert.ok(again.every(({ appended }) => appended === 0));
  assert.equal((await spool(third, ["export", "--all", "-o", second])).code, 0);
  const eventsOf = (path: string) => {
    const text = readFileSync(path, "utf8");
    return text.slice(text.indexOf("\n"));
  };
  for (const name of names) {
    const [before, now] = [eventsOf(join(first, name)), eventsOf(join(second, name))];
    // What closed an open run is behind what came along.
    assert.ok(now.startsWith(before) && now.length - before.length < 1_000, name);
  }
  await third.close();
});
