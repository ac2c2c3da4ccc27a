/**
 * The journal's bytes: what is written is read back the same, and of what is not whole, or does
 * not continue the chain, nothing is taken for a batch (LOG9, LOG10).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeBatch,
  decodeHeader,
  encodeBatchLine,
  encodeHeader,
  findLaterBatch,
  headerBytesMax,
  type JournalBatch,
  type JournalCommit,
} from "./journal-codec.ts";

const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const salts = fc.stringMatching(/^[0-9a-f]{8}$/);
const lines = fc.array(fc.string({ unit: "binary", maxLength: 40 }), {
  minLength: 1,
  maxLength: 5,
});
const changes: fc.Arbitrary<JournalCommit["changes"][number]> = fc.oneof(
  fc.record({
    kind: fc.constant("events" as const),
    rolloutId: fc.constantFrom("rol_1", "rol_2"),
    offset: number,
    firstSequence: number,
    sizes: fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant("metadata_set" as const),
    metadata: fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
  }),
);
const commits: fc.Arbitrary<JournalCommit> = fc.record({
  orgId: fc.constantFrom("acme", "ACME"),
  threadId: fc.constantFrom("thr_1", "thr_2"),
  metaVersion: number,
  sequence: number,
  changes: fc.array(changes, { maxLength: 4 }),
});
const batches: fc.Arbitrary<JournalBatch> = fc.record({
  batch: fc.integer({ min: 1, max: 1e15 }),
  commits: fc.array(commits, { minLength: 1, maxLength: 3 }),
  body: lines.map((all) => Buffer.from(all.map((line) => `${JSON.stringify(line)}\n`).join(""))),
});

/** A batch as it stands in a segment. */
function encodeBatch(salt: string, batch: JournalBatch): Buffer {
  return Buffer.concat([encodeBatchLine(salt, batch), batch.body]);
}

test("LOG9 a header comes back as it was, and is short", () => {
  fc.assert(
    fc.property(number, salts, number, (segment, salt, after) => {
      const bytes = encodeHeader({ segment, salt, after });
      assert.ok(bytes.length <= headerBytesMax);
      const padded = Buffer.concat([bytes, Buffer.alloc(50)]);
      assert.deepEqual(decodeHeader(padded), {
        header: { segment, salt, after },
        end: bytes.length,
      });
    }),
  );
});

test("LOG10 a header with any byte changed or cut off is none", () => {
  const bytes = encodeHeader({ segment: 7, salt: "0123abcd", after: 41 });
  for (let at = 0; at < bytes.length; at += 1) {
    for (const mask of [0x01, 0x80]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ mask;
      assert.equal(decodeHeader(changed), null, `byte ${at}`);
    }
    assert.equal(decodeHeader(bytes.subarray(0, at)), null, `cut at ${at}`);
  }
  assert.equal(decodeHeader(Buffer.alloc(4_096)), null, "a spare");
});

test("LOG9 batches come back as they were, one behind the other", () => {
  fc.assert(
    fc.property(salts, fc.array(batches, { minLength: 1, maxLength: 4 }), (salt, all) => {
      const first = 5;
      const chain = all.map((batch, at) => ({ ...batch, batch: first + at }));
      const encoded = chain.map((batch) => encodeBatch(salt, batch));
      const bytes = Buffer.concat([...encoded, Buffer.alloc(64)]);
      let offset = 0;
      for (const { batch, commits: written, body } of chain) {
        const decoded = decodeBatch(bytes, offset, { salt, batch });
        assert.ok(decoded.kind === "batch");
        assert.deepEqual(decoded.commits, JSON.parse(JSON.stringify(written)));
        assert.ok(decoded.body.equals(body));
        offset = decoded.end;
      }
      assert.deepEqual(decodeBatch(bytes, offset, { salt, batch: first + all.length }), {
        kind: "end",
      });
    }),
    { numRuns: 50 },
  );
});

test("LOG9 a batch of another salt or number ends the chain", () => {
  const batch: JournalBatch = { batch: 5, commits: [], body: Buffer.from("{}\n") };
  const bytes = encodeBatch("0123abcd", batch);
  for (const chain of [
    { salt: "0123abce", batch: 5 },
    { salt: "0123abcd", batch: 6 },
    { salt: "0123abcd", batch: 4 },
  ]) {
    assert.deepEqual(decodeBatch(bytes, 0, chain), { kind: "end" });
  }
  assert.deepEqual(decodeBatch(bytes, bytes.length, { salt: "0123abcd", batch: 6 }), {
    kind: "end",
  });
});

test("LOG10 a batch with any byte changed or cut off is never taken for one", () => {
  fc.assert(
    fc.property(salts, batches, fc.nat(), fc.boolean(), (salt, batch, place, cut) => {
      const chain = { salt, batch: batch.batch };
      const whole = encodeBatch(salt, batch);
      const at = place % whole.length;
      const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
      if (!cut) bytes[at] = (bytes[at] as number) ^ 0x01;
      const decoded = decodeBatch(bytes, 0, chain);
      assert.notEqual(decoded.kind, "batch");
      if (decoded.kind !== "broken" || decoded.known === null) return;
      // The line is whole: it says whose commits they were and where the next batch stands.
      assert.deepEqual(decoded.known.commits, JSON.parse(JSON.stringify(batch.commits)));
      assert.equal(decoded.known.end, whole.length);
    }),
    { numRuns: 300 },
  );
});

test("LOG10 what continues the chain behind a break is found, and nothing else", () => {
  fc.assert(
    fc.property(
      salts,
      batches,
      batches,
      fc.uint8Array({ maxLength: 60 }),
      (salt, one, two, junk) => {
        const chain = { salt, batch: 5 };
        const later = encodeBatch(salt, { ...one, batch: 8 });
        const before = encodeBatch(salt, { ...two, batch: 4 });
        const foreign = encodeBatch(salt === "00000000" ? "11111111" : "00000000", {
          ...two,
          batch: 9,
        });
        const head = Buffer.concat([before, foreign, Buffer.from(junk)]);
        const bytes = Buffer.concat([head, later]);
        assert.deepEqual(findLaterBatch(bytes, 0, chain), { offset: head.length, batch: 8 });
        assert.equal(findLaterBatch(bytes, head.length + 1, chain), null);
        assert.equal(findLaterBatch(head, 0, chain), null);
      },
    ),
    { numRuns: 50 },
  );
});

test("LOG10 content that looks like a batch is not taken for one", () => {
  // A line of the body holds no tab and no newline of its own, however hostile the payload is.
  const salt = "0123abcd";
  const inner = encodeBatch(salt, { batch: 9, commits: [], body: Buffer.alloc(0) });
  const hostile = Buffer.from(`${JSON.stringify({ payload: inner.toString("latin1") })}\n`);
  const bytes = encodeBatch(salt, { batch: 5, commits: [], body: hostile });
  assert.equal(findLaterBatch(bytes, 1, { salt, batch: 5 }), null);
});
