/** Telling the failures of endpoints apart, by what each of the common servers says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf, ModelFailure, retryAfterMs } from "./model-failure.ts";

function kindOf(status: number, message: string, code?: string): string {
  const error = Object.assign(new Error(`${status} ${message}`), { status, code });
  return failureOf(error).kind;
}

test("ROL19 a context that is too small is known by each server's words", () => {
  for (const [status, message, code] of [
    [400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"],
    [400, "Your input exceeds the context window of this model."],
    [400, "prompt is too long: 215000 tokens > 200000 maximum"],
    [413, "Request exceeds the maximum size"],
    [400, "the request exceeds the available context size, try increasing it"],
    [500, "the request exceeds the available context size"],
    [422, "inputs tokens + max_new_tokens must be <= 4096: too many tokens"],
  ] as const) {
    assert.equal(kindOf(status, message, code), "too_long", message);
  }
});

test("ROL19 what only sounds like it is none", () => {
  for (const [status, message, kind] of [
    [400, "invalid_request_error max_tokens is too large: 4096", "final"],
    [400, "upstream error", "final"],
    [400, "stream_options is not supported", "no_stream"],
    [429, "Request too large for gpt on tokens per min", "passing"],
    [401, "the prompt is too long ago signed", "final"],
  ] as const) {
    assert.equal(kindOf(status, message), kind, message);
  }
});

test("ROL19 Retry-After in each form, and none where it makes no sense", () => {
  const date = "Sat, 31 Jan 2026 12:00:00 GMT";
  for (const [headers, wait] of [
    [{ "retry-after": "2" }, 2_000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after-ms": "30", "retry-after": "9" }, 30],
    [{ "retry-after": "Sat, 31 Jan 2026 12:00:03 GMT", date }, 3_000],
    [{ "retry-after": "Sat, 31 Jan 2026 11:59:00 GMT", date }, 0],
    [{ "retry-after": "Sat, 31 Jan 2026 12:00:03 GMT" }, null],
    [{ "retry-after": "-5" }, null],
    [{ "retry-after": "soon", date }, null],
    [{ "retry-after-ms": "NaN" }, null],
    [{}, null],
  ] as const) {
    assert.equal(retryAfterMs(new Headers(headers)), wait, JSON.stringify(headers));
  }
  assert.equal(retryAfterMs(undefined), null);
});

test("ROL20 what is no endpoint's failure is a bug and stays one", () => {
  const bug = new TypeError("x is not a function");
  assert.throws(
    () => failureOf(bug),
    (error) => error === bug,
  );
  const known = new ModelFailure("final", "A. B.");
  assert.equal(failureOf(known), known);
});
