/**
 * Proves who sees what of a thread: a table of principals against one thread,
 * within its org and from outside (ORG1–ORG6).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessTo } from "./access.ts";

const thread = { orgId: "acme", ownerUserId: "alice" };

test("ORG2 ORG3 a member has their own threads; another's is not there", () => {
  assert.equal(accessTo({ orgId: "acme", userId: "alice", role: "member" }, thread), "owner");
  assert.equal(accessTo({ orgId: "acme", userId: "bob", role: "member" }, thread), "none");
  assert.equal(accessTo({ orgId: "acme", userId: "Alice", role: "member" }, thread), "none");
});

test("ORG5 ORG6 an admin owns their own threads and sees metadata of the org's others", () => {
  assert.equal(accessTo({ orgId: "acme", userId: "alice", role: "admin" }, thread), "owner");
  assert.equal(accessTo({ orgId: "acme", userId: "root", role: "admin" }, thread), "metadata");
});

test("ORG1 another org's thread is not there, not even for its namesake or an admin", () => {
  assert.equal(accessTo({ orgId: "other", userId: "alice", role: "member" }, thread), "none");
  assert.equal(accessTo({ orgId: "other", userId: "alice", role: "admin" }, thread), "none");
});
