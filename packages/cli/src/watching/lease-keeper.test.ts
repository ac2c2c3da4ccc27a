/** When leases are renewed, and when not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";
import { startTestServer } from "@spool/server/testing/test-server";
import { LeaseKeeper } from "./lease-keeper.ts";

function keeper(answer: (runId: string) => void = () => {}) {
  const renewed: string[] = [];
  let now = 0;
  let isAtWork = true;
  const leases = new LeaseKeeper({
    publish: async ({ runId, events }) => {
      assert.deepEqual(events, []);
      renewed.push(String(runId));
      answer(String(runId));
    },
    isAtWork: () => isAtWork,
    renewAfterMs: 1_000,
    now: () => now,
  });
  const after = async (ms: number) => {
    now += ms;
    await leases.renew();
    return renewed.splice(0);
  };
  const rest = () => {
    isAtWork = false;
  };
  return { leases, after, rest };
}

test("WATCH5 an open run is renewed while its agent may be at work, a closed one is not", async () => {
  const { leases, after, rest } = keeper();
  leases.published("thr_a", "run_1", "/a");
  leases.published("thr_b", "run_2", "/b");
  assert.deepEqual(await after(999), []);
  leases.published("thr_b", null, "/b");
  assert.deepEqual(await after(1), ["run_1"]);
  assert.deepEqual(await after(500), []);
  leases.published("thr_a", "run_1", "/a");
  assert.deepEqual(await after(999), [], "publishing renews too");
  assert.deepEqual(await after(1), ["run_1"]);
  rest();
  assert.deepEqual(await after(1_000), []);
  assert.equal(leases.size, 0);
});

test("WATCH5 a refusal ends the renewing, a server that is away does not", async () => {
  let status = 0;
  const { leases, after } = keeper(() => {
    throw new SpoolError("no", { code: status === 0 ? "NO_ANSWER" : "RUN_FENCED", status });
  });
  leases.published("thr_a", "run_1", "/a");
  assert.deepEqual(await after(1_000), ["run_1"]);
  status = 409;
  assert.deepEqual(await after(1_000), ["run_1"]);
  assert.deepEqual(await after(1_000), []);
});

test("WATCH5 the server takes a renewal as one", async () => {
  const server = await startTestServer();
  const client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
  const ids = { threadId: "thr_lease", runId: "run_lease" };
  const events = [{ type: "run_started", payload: { leaseSeconds: 10 } }] as const;
  await client.publish({ ...ids, events: [...events] });
  const lease = async () => (await client.history.runs("thr_lease")).items[0]?.leaseExpiresAt ?? "";
  const before = await lease();
  const leases = new LeaseKeeper({
    publish: (batch) => client.publish(batch),
    isAtWork: () => true,
    renewAfterMs: 0,
  });
  leases.published(ids.threadId, ids.runId, "/a");
  await leases.renew();
  assert.ok((await lease()) > before);
  assert.equal((await client.threads.get("thr_lease")).thread.sequence, 1);
  await server.close();
});
