/** Proves that a browser's user agent becomes a few plain words (AUTH25). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { shortUserAgent } from "./short-user-agent.ts";

const mozilla = "Mozilla/5.0";
const like = "AppleWebKit/537.36 (KHTML, like Gecko)";

const cases: readonly (readonly [sent: string | undefined, shown: string | null])[] = [
  [`${mozilla} (X11; Linux x86_64) ${like} Chrome/141.0.0.0 Safari/537.36`, "Chrome 141 on Linux"],
  [
    `${mozilla} (Windows NT 10.0; Win64; x64) ${like} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.1`,
    "Edge 141 on Windows",
  ],
  [`${mozilla} (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0`, "Firefox 144 on Linux"],
  [
    `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${like} Version/19.0 Safari/605.1.15`,
    "Safari 19 on macOS",
  ],
  [
    `${mozilla} (iPhone; CPU iPhone OS 19_0 like Mac OS X) ${like} Version/19.0 Mobile/15E148 Safari/604.1`,
    "Safari 19 on iOS",
  ],
  [
    `${mozilla} (Linux; Android 15) ${like} Chrome/141.0.0.0 Mobile Safari/537.36`,
    "Chrome 141 on Android",
  ],
  ["curl/8.14.1", "curl/8.14.1"],
  ["a\u0000\u202eb\tc", "a b c"],
  ["x".repeat(5_000), "x".repeat(60)],
  ["  ", null],
  [undefined, null],
];

test("AUTH25 a user agent is shortened to browser and system", () => {
  for (const [sent, shown] of cases) assert.equal(shortUserAgent(sent), shown);
});
