/**
 * Proves that an audit entry is in the file, for other connections too, when `append`
 * returns (ORG10).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountsFixture, startTime } from "./accounts-fixture.ts";
import { AuditLog } from "./audit-log.ts";

test("ORG10 an entry is there for others at once, newest first, per org", (t) => {
  const { db, reopen } = accountsFixture(t);
  const log = new AuditLog(db.sql);
  const entry = { orgId: "acme", actorUserId: "root", requestId: "req_1" };
  const list = { ...entry, at: startTime, action: "thread.list", threadId: null };
  const rename = { ...entry, at: startTime + 1, action: "thread.rename", threadId: "thr_1" };
  log.append(list);
  log.append(rename);
  log.append({ ...rename, orgId: "other" });
  const reader = new AuditLog(reopen().db.sql);
  assert.deepEqual(reader.list("acme", 10), [rename, list]);
  assert.deepEqual(reader.list("acme", 1), [rename]);
});
