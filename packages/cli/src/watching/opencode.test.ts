/** OpenCode's sessions followed in its database, with a real server, SQLite and publishers. */
import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { collectSession, readSession } from "@spool/adapters/read-session";
import { eventually } from "@spool/server/testing/eventually";
import { OpencodeAgent } from "../testing/opencode-agent.ts";
import { SpoolHome } from "../testing/spool-home.ts";
import { opencodeLines } from "./opencode-database.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

const waitMs = { withinMs: 30_000 };
const databaseName = ".local/share/opencode/opencode.db";
const threadOf = (sessionId: string) => `thr_${sessionId}`;

async function texts(sessionId: string): Promise<string[]> {
  const events = await home.events(threadOf(sessionId));
  return events.flatMap(({ type, payload }) => {
    if (type === "user_message") return [String(payload.content)];
    if (type !== "assistant_message") return [];
    return [(payload.content as { text: string }[])[0]?.text ?? ""];
  });
}

/** What converting the session gives once it is finished. */
async function converted(sessionId: string) {
  const lines = opencodeLines(home.path(databaseName), sessionId);
  const { threads } = await collectSession(readSession(Readable.from(lines)));
  const frames = threads.get(threadOf(sessionId))?.frames ?? [];
  const plain = frames.map(({ type, payload, runId, runSequence }) => {
    return { type, payload, runId, runSequence };
  });
  return JSON.parse(JSON.stringify(plain));
}

test("WATCH1 WATCH3 OpenCode's sessions are followed in its database, message by message, across kills", async () => {
  const agent = new OpencodeAgent(home.path(databaseName));
  agent.begin("ses_old");
  agent.turn("ses_old", "before the start");
  let watch = home.watch();
  await watch.printed('"type":"caught_up"');
  const isOldThere = async () => (await texts("ses_old")).length === 3;
  await eventually("the old session is there", isOldThere, waitMs);

  agent.begin("ses_live");
  agent.prompt("ses_live", "hello");
  const { message, part } = agent.answerBegins("ses_live", "I am");
  const isPromptThere = async () => (await texts("ses_live")).length === 1;
  await eventually("the prompt is there", isPromptThere, waitMs);
  agent.writes(part, "I am looking");
  agent.answerEnds("ses_live", message, "tool-calls");
  const isAnswerThere = async () => (await texts("ses_live"))[1] === "I am looking";
  await eventually("the whole answer is there, and nothing half", isAnswerThere, waitMs);

  agent.begin("ses_child", "ses_live");
  for (let turn = 1; turn <= 12; turn += 1) {
    agent.turn(turn % 3 === 0 ? "ses_child" : "ses_live", `turn ${turn}`);
    if (turn === 4 || turn === 8) {
      watch.process.kill("SIGKILL");
      await watch.finished;
      if (turn === 8) await home.killServer();
      agent.turn("ses_live", `turn ${turn}, unwatched`);
      if (turn === 8) await home.startServer();
      watch = home.watch();
    }
  }
  for (const sessionId of ["ses_old", "ses_live", "ses_child"]) {
    const expected = await converted(sessionId);
    const isWhole = async () => {
      return (await home.events(threadOf(sessionId))).length >= expected.length;
    };
    await eventually(`${sessionId} is whole`, isWhole, waitMs);
    assert.deepEqual(await home.events(threadOf(sessionId)), expected);
  }
  const { thread } = await home.client.threads.get("thr_ses_child");
  assert.deepEqual([thread.parentThreadId, thread.agentId], ["thr_ses_live", "opencode"]);
  watch.process.kill("SIGTERM");
  assert.equal((await watch.finished).code, 130);
  agent.close();
});

test("WATCH12 an attached agent's session in the database is published, and no other", async () => {
  const agent = new OpencodeAgent(home.path("data-home/opencode/opencode.db"), process.cwd());
  agent.begin("ses_before");
  agent.turn("ses_before", "long ago");
  const over = home.path("data-home/over");
  const wait = `echo up; while [ ! -e '${over}' ]; do sleep 0.05; done`;
  const attached = home.spool(["attach", "--", "sh", "-c", wait], {
    XDG_DATA_HOME: dirname(over),
  });
  await attached.printed("up");
  agent.begin("ses_attached");
  agent.turn("ses_attached", "now");
  writeFileSync(over, "");
  const { code, err } = await attached.finished;
  assert.equal(code, 0);
  assert.match(err, /\d events published, thr_ses_attached\n$/);
  assert.equal((await texts("ses_attached")).length, 3);
  agent.close();
});

test("WATCH2 a database at rest is only read, one of another layout is told of once", async () => {
  const path = home.path(databaseName);
  const folder = dirname(path);
  rmSync(folder, { recursive: true });
  const agent = new OpencodeAgent(home.path(databaseName));
  agent.begin("ses_rest");
  agent.turn("ses_rest", "and then none");
  agent.damage("ses_rest");
  agent.close();
  const before = readdirSync(folder);
  writeFileSync(home.path(".local/share/opencode/opencode-other.db"), "no database at all");
  const watch = home.watch();
  await watch.printed("opencode export");
  const isThere = async () => (await texts("ses_rest")).length === 5;
  await eventually("the session is there", isThere, waitMs);
  const damaged = (await home.events("thr_ses_rest")).filter(({ type }) => type === "custom");
  assert.ok(JSON.stringify(damaged).includes("{cut off"));
  assert.deepEqual(readdirSync(folder), [...before, "opencode-other.db"].sort());
  watch.process.kill("SIGTERM");
  const { out } = await watch.finished;
  assert.equal(out.split("opencode export").length, 2);
});
