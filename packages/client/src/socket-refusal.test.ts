/** The statuses of socket refusals against the server's error table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorTable } from "@spool/protocol/errors";
import { refusalStatuses, socketRefusal } from "./socket-refusal.ts";

test("ERR1 a refusal on a socket has the status REST would have given", () => {
  const table = Object.entries(errorTable).map(([code, { status }]) => [code, status]);
  assert.deepEqual(refusalStatuses, Object.fromEntries(table));
  const error = { code: "OVERLOADED", message: "full", requestId: "req_1", details: { a: 1 } };
  const { code, status, requestId, details, mayPass } = socketRefusal({ error });
  assert.deepEqual(
    [code, status, requestId, details, mayPass],
    ["OVERLOADED", 503, "req_1", { a: 1 }, true],
  );
  assert.equal(socketRefusal({ error: { code: "NEW" } }).mayPass, false);
});
