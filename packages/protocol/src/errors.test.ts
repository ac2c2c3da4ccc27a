/**
 * Proves that the error table is the contract's: every code of SPEC.md's table with its status, and
 * nothing besides it but what is promised for later or ends a connection only.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DomainError, type ErrorCode, errorTable } from "./errors.ts";

/** Close reasons of a live connection, which no answer has, and the code of a promised route. */
const besides: readonly ErrorCode[] = ["SLOW_WATCHER", "SHUTDOWN", "SUMMARISER_FAILED"];

/** Code and status of each row of the contract's section on errors. */
function contractTable(): Map<string, number> {
  const path = join(import.meta.dirname, "../../../SPEC.md");
  const section = readFileSync(path, "utf8").split("\n## ERR")[1]?.split("\n## ")[0] ?? "";
  const table = new Map<string, number>();
  for (const row of section.matchAll(/\| ((?:`[A-Z_]+`(?:, )?)+) \| (\d{3}) /g)) {
    for (const [, code] of (row[1] as string).matchAll(/`([A-Z_]+)`/g)) {
      table.set(code as string, Number(row[2]));
    }
  }
  return table;
}

test("ERR1 WIRE2 every code of the contract has its status", () => {
  const contract = contractTable();
  assert.equal(contract.size, 29);
  for (const [code, status] of contract) {
    assert.equal(errorTable[code as ErrorCode]?.status, status, code);
  }
});

test("ERR1 no code stands in the table that is not in the contract", () => {
  const known = new Set([...contractTable().keys(), ...besides]);
  assert.deepEqual(
    Object.keys(errorTable).filter((code) => !known.has(code)),
    [],
  );
});

test("LIVE14 a connection ends with the close code of its reason", () => {
  const closing = Object.entries(errorTable).flatMap(([code, row]) =>
    "close" in row ? [[code, row.close]] : [],
  );
  assert.deepEqual(Object.fromEntries(closing), {
    INVALID_CREDENTIALS: 4401,
    CONTENT_FORBIDDEN: 4403,
    THREAD_DELETED: 4410,
    BODY_TOO_LARGE: 4413,
    RATE_LIMITED: 4429,
    INTERNAL: 1011,
    STORAGE_UNAVAILABLE: 1013,
    OVERLOADED: 1013,
    SLOW_WATCHER: 4008,
    SHUTDOWN: 1001,
  });
});

test("ERR1 only what waiting can help is retryable", () => {
  const retryable = Object.entries(errorTable).filter(([, row]) => row.retryable);
  assert.deepEqual(
    retryable.map(([code]) => code),
    [
      "THREAD_BUSY",
      "RATE_LIMITED",
      "INTERNAL",
      "SUMMARISER_FAILED",
      "STORAGE_UNAVAILABLE",
      "OVERLOADED",
      "SLOW_WATCHER",
      "SHUTDOWN",
    ],
  );
});

test("a refusal carries its code, details, seconds to wait and cause", () => {
  const cause = new Error("disk");
  const more = { details: { expected: 3 }, retryAfterSeconds: 2, cause };
  const refusal = new DomainError("OUT_OF_ORDER", "Send 3.", more);
  assert.ok(refusal instanceof Error);
  assert.equal(refusal.name, "DomainError");
  assert.equal(refusal.code, "OUT_OF_ORDER");
  assert.equal(refusal.message, "Send 3.");
  assert.deepEqual(refusal.details, { expected: 3 });
  assert.equal(refusal.retryAfterSeconds, 2);
  assert.equal(refusal.cause, cause);
  const plain = new DomainError("NOT_FOUND", "Nothing here.");
  assert.equal(plain.details, undefined);
  assert.equal("cause" in plain, false);
});
