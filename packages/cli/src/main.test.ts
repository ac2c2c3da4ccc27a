/** The command line as a whole: help, wrong usage, servers that do not answer, keys that are missing. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runSpool } from "./testing/run-spool.ts";

const cwd = mkdtempSync(join(tmpdir(), "spool-cli-"));
after(() => rmSync(cwd, { recursive: true }));

test("help names every command and ends with 0", async () => {
  const { code, out, err } = await runSpool(["--help"], { cwd });
  assert.deepEqual([code, err], [0, ""]);
  for (const verb of ["serve", "publish", "tail", "threads", "keys"]) assert.ok(out.includes(verb));
});

test("CFG7 every command takes the same options", async () => {
  const commands = [["tail"], ["publish"], ["threads", "list"], ["keys", "create"]];
  const helps = await Promise.all(commands.map((words) => runSpool([...words, "--help"], { cwd })));
  for (const { out } of helps) {
    for (const option of ["--json", "--url", "--api-key"]) assert.ok(out.includes(option));
  }
});

test("wrong usage is one line and ends with 2", async () => {
  const uses = [
    ["nothing"],
    ["threads", "list", "--limit", "0"],
    ["threads", "list", "--status", "asleep"],
    ["tail"],
    ["tail", "thr_a", "--after", "x"],
    ["publish"],
    ["keys", "create", "--scopes", "all"],
    ["serve", "--port", "x"],
  ];
  for (const { code, out, err } of await Promise.all(
    uses.map((words) => runSpool(words, { cwd })),
  )) {
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^spool: [^\n]+\n$/);
  }
});

test("a server that is not there is named with what to do, in one line", async () => {
  const url = "http://127.0.0.1:9";
  const words = ["threads", "list", "--url", url, "--api-key", "rt_test_x"];
  const { code, err } = await runSpool(words, { cwd });
  assert.equal(code, 1);
  assert.match(
    err,
    /^spool: no (server answers at|answer from) http:\/\/127\.0\.0\.1:9[^\n]*--url\n$/,
  );
  const json = await runSpool([...words, "--json"], { cwd });
  assert.deepEqual([json.code, json.out, JSON.parse(json.err).error.code], [1, "", "NO_ANSWER"]);
});

test("CFG7 a missing key is told with the ways to give one", async () => {
  const { code, err } = await runSpool(["threads", "list"], { cwd });
  assert.equal(code, 1);
  assert.match(err, /^spool: no API key: [^\n]*--api-key or SPOOL_API_KEY\n$/);
});

test("AUTH17 the admin's key of this machine is not sent to another one", async () => {
  writeFileSync(join(cwd, "admin.key"), "rt_live_secret\n");
  const env = { SPOOL_URL: "http://spool.invalid:1", SPOOL_DATA_DIR: cwd };
  const { code, err } = await runSpool(["threads", "list"], { cwd, env });
  assert.equal(code, 1);
  assert.match(err, /no API key/);
});
