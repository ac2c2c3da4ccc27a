/** `spool attach` with an agent that is a shell script, and a real server. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { codexLines } from "../testing/session-lines.ts";
import { SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

/** A script that writes a session as an agent in `cwd` would, then does `rest`. */
function agent(id: string, cwd: string, rest: string): string[] {
  const lines = codexLines(id, 2).replaceAll("/home/dev/project", cwd);
  const source = home.path(`sources/${id}.jsonl`);
  writeFileSync(source, lines);
  const target = home.path(`.codex/sessions/2026/03/01/rollout-${id}.jsonl`);
  return [
    "sh",
    "-c",
    `head -n 5 '${source}' > '${target}'; tail -n +6 '${source}' >> '${target}'; ${rest}`,
  ];
}

const attach = (words: readonly string[], env = {}) => home.run(["attach", "--", ...words], env);

test("WATCH12 the agent runs as it is, its session is published, its exit code is passed on", async () => {
  home.append(".codex/sessions/2026/02/01/rollout-before.jsonl", codexLines("before", 1));
  const { code, out, err } = await attach(agent("here", process.cwd(), "echo says; exit 7"));
  assert.deepEqual([code, out], [7, "says\n"]);
  assert.match(
    err,
    /^spool: what sh writes here is published to \S+\nspool: \d+ events published, thr_here\n$/,
  );
  const types = (await home.events("thr_here")).map(({ type }) => type);
  assert.equal(types.filter((type) => type === "run_completed").length, 2);
  // Agents in other folders write at the same time: those are their own.
  const other = await attach(agent("elsewhere", "/somewhere/else", "exit 0"));
  assert.match(other.err, /0 events published, no session/);
  assert.deepEqual(await home.events("thr_elsewhere"), []);
});

test("WATCH12 signals pass through, both ways", async () => {
  const spawned = home.spool([
    "attach",
    "--quiet",
    "--",
    "sh",
    "-c",
    "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done",
  ]);
  await spawned.printed("up");
  spawned.process.kill("SIGTERM");
  assert.deepEqual(await spawned.finished, { code: 9, out: "up\n", err: "" });
  const killed = home.spool(["attach", "--quiet", "--", "sh", "-c", "kill -KILL $$"]);
  await killed.finished;
  assert.equal(killed.process.signalCode, "SIGKILL");
});

test("WATCH12 whatever becomes of the publishing, the agent runs and ends as it does", async () => {
  const missing = await attach(["no-such-agent-anywhere"]);
  assert.equal(missing.code, 127);
  assert.match(missing.err, /there is no command no-such-agent-anywhere\n$/);
  const refused = await attach(agent("refused", process.cwd(), "exit 3"), {
    SPOOL_API_KEY: `rt_live_${"x".repeat(43)}`,
  });
  assert.equal(refused.code, 3);
  assert.match(refused.err, /0 events published, no session; not all: .+\n$/);
  await home.killServer();
  const away = await attach(agent("away", process.cwd(), "exit 4"));
  assert.equal(away.code, 4);
  assert.match(away.err, /not all: no server answers .*; spool publish --watch sends the rest\n$/);
  await home.startServer();
  const file = home.path(".codex/sessions/2026/03/01/rollout-away.jsonl");
  assert.equal((await home.run(["publish", file])).code, 0);
  mkdirSync(join(home.folder, "empty"), { recursive: true });
  const keyless = await home.run(["attach", "--", "echo", "ran"], {
    SPOOL_API_KEY: "",
    SPOOL_DATA_DIR: join(home.folder, "empty"),
  });
  assert.deepEqual([keyless.code, keyless.out], [1, ""]);
  assert.match(keyless.err, /no API key/);
});
