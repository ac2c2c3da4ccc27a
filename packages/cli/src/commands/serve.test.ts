/** `spool serve` as a process: its greeting, the other commands on its machine, its end. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runSpool, startSpool } from "../testing/run-spool.ts";

test("CFG7 on the server's machine its data directory will do as a key", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "spool-cli-"));
  const flags = ["--data-dir", dataDir, "--port", "0", "--log-level", "silent"];
  const serving = startSpool(["serve", ...flags]);
  await serving.printed(/Spool listens on (\S+)[\s\S]*curl/);
  const url = /Spool listens on (\S+)/.exec(serving.out())?.[1] ?? "";
  const env = { SPOOL_URL: url };
  const { code, out } = await runSpool(["threads", "list", "--json", "--data-dir", dataDir], {
    env,
  });
  assert.deepEqual([code, out], [0, ""]);
  serving.process.kill("SIGTERM");
  assert.equal((await serving.finished).code, 0);
  rmSync(dataDir, { recursive: true });
});

test("CFG1 a flag of the table wins over its variable, and a list may be given", async () => {
  const { code, err } = await runSpool(
    ["serve", "--cors-origins", "https://a.example,https://b.example", "--rate-limit", "many"],
    { env: { SPOOL_RATE_LIMIT: "1" } },
  );
  assert.equal(code, 2);
  assert.match(err, /^spool: --rate-limit must be [^\n]+\n$/);
});
