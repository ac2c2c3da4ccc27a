/**
 * Proves that URLs and messages lose every credential before they are printed, and nothing
 * else (AUTH17).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { redactText, redactUrl } from "./redact.ts";

const key = "rt_live_dGhpcyBpcyBhIHNlY3JldCBrZXkgb2YgMzIgYnl0ZXM";
const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl-_x";

test("AUTH17 values of credential parameters are removed, whatever they hold", () => {
  assert.equal(
    redactUrl("/v1/threads/thr_1/events?api_key=hunter2&after=41&token=abc"),
    "/v1/threads/thr_1/events?api_key=[redacted]&after=41&token=[redacted]",
  );
  assert.equal(redactUrl("ws://h/e?token="), "ws://h/e?token=[redacted]");
  assert.equal(redactUrl("/e?api%5Fkey=x&API_KEY=y"), "/e?api%5Fkey=[redacted]&API_KEY=[redacted]");
  assert.equal(redactUrl("/e?token=a=b&q=%zz"), "/e?token=[redacted]&q=%zz");
});

test("AUTH17 keys and tokens are removed wherever they stand, encoded or not", () => {
  const places = [
    "/v1/_",
    "/v1/x?q=_",
    "/v1/x?_",
    "/x?_=1",
    "https://h/x/_/y?a=b",
    "_",
    "/x?a=c._.d",
  ];
  const secrets = [key, jwt, key.replace("rt_live", "rt%5Flive"), jwt.replace("eyJ", "%65yJ")];
  for (const place of places) {
    for (const secret of secrets) {
      const url = redactUrl(place.replace("_", secret));
      assert.ok(url.includes("[redacted]"), url);
      assert.ok(!url.includes("dGhpcyBp") && !url.includes("hbGciOiJFZ"), url);
      assert.ok(!url.includes("c2lnbmF0"), url);
    }
  }
});

test("AUTH17 a URL without credentials is left as it is", () => {
  const urls = [
    "/v1/threads",
    "/v1/threads?limit=5&cursor=AbC-_9&q=a%20b+c",
    "/x?",
    "?",
    "",
    "/x?a",
  ];
  for (const url of urls) assert.equal(redactUrl(url), url);
});

test("AUTH17 text loses its keys and tokens and keeps the rest", () => {
  assert.equal(
    redactText(`key "${key}", Bearer ${jwt}; rt_test_abc`),
    `key "[redacted]", Bearer [redacted]; [redacted]`,
  );
});
