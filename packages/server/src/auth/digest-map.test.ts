/**
 * Proves that the map of digests is exact, although it finds entries by a part of the digest,
 * and that it stays within its size.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DigestMap, digestOf } from "./digest-map.ts";

test("a value is found under its secret's digest only", () => {
  const map = new DigestMap<number>(10);
  map.set(digestOf("one"), 1);
  assert.equal(map.get(digestOf("one")), 1);
  assert.equal(map.get(digestOf("two")), undefined);
});

test("AUTH7 a digest that only begins alike is another one", () => {
  const map = new DigestMap<number>(10);
  const digest = digestOf("one");
  const alike = digest.slice(0, -1) + (digest.endsWith("0") ? "1" : "0");
  map.set(digest, 1);
  assert.equal(map.get(alike), undefined);
  map.set(alike, 2);
  assert.equal(map.get(alike), 2);
  assert.equal(map.get(digest), undefined);
});

test("past its size the oldest entry makes room", () => {
  const map = new DigestMap<number>(3);
  const digests = [0, 1, 2, 3].map((number) => digestOf(`secret ${number}`));
  for (const [number, digest] of digests.entries()) map.set(digest, number);
  const held = digests.map((digest) => map.get(digest));
  assert.deepEqual(held, [undefined, 1, 2, 3]);
  map.set(digests[3] as string, 33);
  assert.equal(map.get(digests[1] as string), 1, "replacing needs no room");
  map.clear();
  assert.equal(map.size, 0);
});
