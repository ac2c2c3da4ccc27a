/** Every code that an action can meet has words of its own (WEB32). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SpoolError, type SpoolErrorFields } from "@spool/client/spool-error";
import { errorTable } from "@spool/protocol/errors";
import { clockTime } from "../ui/times.ts";
import { busyWith, refusalText } from "./refusal-text.ts";

const refused = (code: string, more: Partial<SpoolErrorFields> = {}) =>
  new SpoolError("the server's words", { code, status: 400, ...more });

test("WEB32 each code of the error table, and of the client, has words of its own", () => {
  const codes = [...Object.keys(errorTable), "NO_ANSWER", "INVALID_ANSWER"];
  const words = new Map<string, string>();
  for (const code of codes) {
    const text = refusalText(refused(code));
    assert.ok(text.length > 10 && !text.includes("undefined"), `${code}: ${text}`);
    assert.notEqual(text, refusalText(refused("NEVER_HEARD_OF")), code);
    words.set(text, code);
  }
  // A bad request and a bad frame are the same to a person.
  assert.equal(words.size, codes.length - 1);
});

test("WEB32 a busy thread says who holds it, since when and until when", () => {
  const since = new Date(Date.now() - 1_000).toISOString();
  const leaseExpiresAt = new Date(Date.now() + 1_000).toISOString();
  const run = { reason: "run_active", activeRunId: "run_a", since, leaseExpiresAt };
  const byRun = refused("THREAD_BUSY", { details: run });
  for (const part of ["run_a", clockTime(since), clockTime(leaseExpiresAt)]) {
    assert.ok(refusalText(byRun).includes(part), part);
  }
  assert.equal(busyWith(byRun), "run");
  const compaction = { reason: "compacting", activeRunId: null, since, leaseExpiresAt: null };
  const byCompaction = refused("THREAD_BUSY", { details: compaction });
  assert.match(refusalText(byCompaction), /compaction .* since/);
  assert.equal(busyWith(byCompaction), "compaction");
  assert.equal(busyWith(refused("INTERNAL")), null);
  for (const odd of [{}, { since: 5, activeRunId: [] }, { since: "soon", activeRunId: "run_b" }]) {
    assert.doesNotMatch(refusalText(refused("THREAD_BUSY", { details: odd })), /Invalid|undefined/);
  }
});

test("WEB32 what is missing, how long to wait and which request failed are said", () => {
  const required = { details: { required: "agent:run" } };
  assert.match(refusalText(refused("INSUFFICIENT_SCOPE", required)), /agent:run/);
  assert.match(refusalText(refused("RATE_LIMITED", { retryAfterSeconds: 7 })), /7 seconds/);
  assert.match(refusalText(refused("INTERNAL", { requestId: "req_1" })), /req_1/);
  assert.match(refusalText(refused("SUMMARISER_FAILED")), /stays as it was.*the server's words/);
  assert.match(refusalText(refused("constructor")), /the server's words/);
  assert.throws(() => refusalText(new TypeError("a bug")), TypeError);
});
