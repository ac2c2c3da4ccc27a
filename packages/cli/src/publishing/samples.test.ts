/**
 * Real session files, which stand beside the checkout and are not part of it: published by the
 * command line, the threads on the server hold what the files hold, counted from their JSON alone;
 * published again they add nothing.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Frame } from "@spool/adapters/frame";
import {
  type Held,
  heldByClaude,
  heldByCodex,
  heldByFrames,
} from "@spool/adapters/testing/held-by-source";
import { SpoolClient } from "@spool/client/spool-client";
import { allOf } from "@spool/client/testing/all-of";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool } from "../testing/run-spool.ts";

type Summary = {
  file: string;
  ok: boolean;
  threads: { threadId: string; appended: number; duplicates: number }[];
};

const folder = fileURLToPath(new URL("../../../../../shared/samples/", import.meta.url));
const skip = existsSync(folder) ? false : "the sample files are not beside this checkout";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function filesOf(agent: string): string[] {
  const names = readdirSync(`${folder}${agent}`).filter((name) => name.endsWith(".jsonl"));
  return names.map((name) => `${folder}${agent}/${name}`);
}

function sizes(held: Held): Record<string, number> {
  const entries = Object.entries(held) as [string, readonly string[] | number][];
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "number" ? value : value.length]),
  );
}

test("CFG12 every sample is published whole, and again without adding anything", {
  skip,
}, async () => {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  const client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
  const files = [...filesOf("codex"), ...filesOf("claude-code")];
  const words = ["publish", "--json", ...files];
  const first = await runSpool(words, { env });
  assert.equal(first.code, 0, first.err);
  for (const { file, ok, threads } of jsonLines<Summary>(first.out)) {
    const perThread = threads.map(({ threadId }) =>
      allOf(client.history.allEvents(threadId, { allRollouts: true })),
    );
    const events = (await Promise.all(perThread)).flat();
    const heldBy = file.includes("/codex/") ? heldByCodex : heldByClaude;
    const stored = sizes(heldByFrames(events as unknown as Frame[]));
    assert.deepEqual([ok, stored], [true, sizes(heldBy(file))], basename(file));
  }
  const again = await runSpool(words, { env });
  assert.equal(again.code, 0);
  for (const { file, threads } of jsonLines<Summary>(again.out)) {
    assert.ok(
      threads.every(({ appended }) => appended === 0),
      basename(file),
    );
  }
});
