/** Links and images of other people's text (WEB20). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { imageSourceOf, imageSourceOfPart, linkTarget } from "./safe-links.ts";

test("WEB20 only http, https and mailto are links", () => {
  assert.equal(linkTarget("https://a.test/x?y#z"), "https://a.test/x?y#z");
  assert.equal(linkTarget("HTTP://A.test"), "http://a.test/");
  assert.equal(linkTarget("mailto:a@b.test"), "mailto:a@b.test");
  const others = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " java\nscript:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,<script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://a.test/x",
    "/threads/thr_a",
    "//a.test",
    "src/main.ts",
    "#x",
    "",
    `https://a.test/${"x".repeat(10_000)}`,
  ];
  for (const address of others) assert.equal(linkTarget(address), null, address.slice(0, 40));
});

test("WEB20 images are shown from data, linked from elsewhere, named otherwise", () => {
  const png = "data:image/png;base64,iVBORw0KGgo=";
  assert.deepEqual(imageSourceOf(png), { kind: "inline", url: png, bytes: 9 });
  const remote = { kind: "remote", url: "https://a.test/b.png", host: "a.test" };
  assert.deepEqual(imageSourceOf("https://a.test/b.png"), remote);
  for (const address of ["data:text/html;base64,PGI+", "data:image/png,x", "javascript:1", "a.png"])
    assert.equal(imageSourceOf(address).kind, "absent", address);
});

test("WEB20 image parts of every agent are understood", () => {
  const url = "data:image/png;base64,AAAA";
  const inline = { kind: "inline", url, bytes: 3 };
  const parts = [
    { source: { type: "base64", media_type: "image/png", data: "AAAA" } },
    { source: { type: "url", url } },
    { image_url: url },
    { image_url: { url } },
    { data: "AAAA", mimeType: "image/png" },
    { image: url },
  ];
  for (const part of parts) assert.deepEqual(imageSourceOfPart(part), inline, JSON.stringify(part));
  const file = { source: { type: "file", path: "/pictures/a.png" } };
  assert.deepEqual(imageSourceOfPart(file), { kind: "absent", name: "/pictures/a.png" });
  assert.equal(imageSourceOfPart({ data: "AAAA", mimeType: "text/html" }).kind, "absent");
  assert.equal(imageSourceOfPart({ source: { data: '"><script>' } }).kind, "absent");
  assert.equal(imageSourceOfPart(JSON.parse('{"__proto__":{"url":"x"}}')).kind, "absent");
});
