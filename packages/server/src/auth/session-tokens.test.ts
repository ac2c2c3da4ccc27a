/**
 * Proves Spool's own tokens (AUTH9–AUTH11): what they carry, how long they live, and that
 * none made or changed by somebody else is accepted.
 */
import assert from "node:assert/strict";
import { createPublicKey, type JsonWebKeyInput, randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import {
  type AccountsFixture,
  accountsFixture,
  alice,
  principalOfNewKey,
  startTime,
} from "./accounts-fixture.ts";
import type { Principal } from "./principal.ts";
import { SessionTokens } from "./session-tokens.ts";

const invalid = { code: "INVALID_CREDENTIALS" };

type TokensFixture = AccountsFixture & { tokens: SessionTokens; maker: Principal };

function tokensFixture(t: TestContext): TokensFixture {
  const fixture = accountsFixture(t);
  const tokens = new SessionTokens({ ...fixture, randomBytes });
  return { ...fixture, tokens, maker: principalOfNewKey(fixture.keys) };
}

function textOf(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

test("AUTH9 a token carries its key's identity for 900 s", async (t) => {
  const { tokens, maker, clock } = tokensFixture(t);
  const { token, expiresAt } = await tokens.mint(maker);
  assert.equal(expiresAt, startTime + 900_000);
  const { principal, validUntil } = await tokens.verify(token);
  assert.equal(validUntil, expiresAt);
  const { id } = principal.credential;
  assert.match(id as string, /^tok_[\w-]{16}$/);
  assert.deepEqual(principal, {
    ...maker,
    credential: { type: "session_token", id, expiresAt },
  });
  clock.time = expiresAt - 1;
  await assert.doesNotReject(tokens.verify(token));
  clock.time = expiresAt;
  await assert.rejects(tokens.verify(token), invalid);
});

test("AUTH9 fewer scopes and another life may be asked for, more scopes may not", async (t) => {
  const { tokens, maker } = tokensFixture(t);
  const asked = { scopes: ["agent:read" as const], ttlSeconds: 60 };
  const { token, expiresAt } = await tokens.mint(maker, asked);
  assert.equal(expiresAt, startTime + 60_000);
  assert.deepEqual((await tokens.verify(token)).principal.scopes, ["agent:read"]);
  await assert.rejects(tokens.mint(maker, { scopes: ["agent:read", "*"] }), {
    code: "INSUFFICIENT_SCOPE",
    details: { required: "*" },
  });
});

test("AUTH11 a token ends no later than its key", async (t) => {
  const { tokens, keys } = tokensFixture(t);
  const maker = principalOfNewKey(keys, { ...alice, expiresAt: startTime + 100_500 });
  assert.equal((await tokens.mint(maker)).expiresAt, startTime + 100_000);
});

test("AUTH11 a token cannot mint another", async (t) => {
  const { tokens, maker } = tokensFixture(t);
  const { token } = await tokens.mint(maker);
  const { principal } = await tokens.verify(token);
  await assert.rejects(tokens.mint(principal), (error: Error & { code: string }) => {
    assert.equal(error.code, "INSUFFICIENT_SCOPE");
    assert.match(error.message, /session token cannot make another/);
    return true;
  });
  await assert.rejects(tokens.mint({ ...principal, keyId: null }), { code: "INSUFFICIENT_SCOPE" });
});

test("AUTH10 tokens are Ed25519 with a published kid and name the installation", async (t) => {
  const { tokens, maker, db } = tokensFixture(t);
  const { token } = await tokens.mint(maker);
  const [jwk] = tokens.jwks().keys;
  assert.deepEqual(decodeProtectedHeader(token), { alg: "EdDSA", typ: "JWT", kid: jwk?.kid });
  assert.deepEqual(Object.keys(jwk ?? {}).toSorted(), ["alg", "crv", "kid", "kty", "use", "x"]);
  assert.equal(jwk?.crv, "Ed25519");
  const claims = decodeJwt(token);
  assert.equal(claims.iss, `spool:${db.installation}`);
  assert.equal(claims.aud, claims.iss);
  assert.equal(claims.scope, "agent:read agent:run");
  assert.equal(claims.key, maker.keyId);
});

test("AUTH10 signing keys outlive a restart; the newest signs, all check", async (t) => {
  const fixture = tokensFixture(t);
  const { token } = await fixture.tokens.mint(fixture.maker);
  const restarted = new SessionTokens({ ...fixture, db: fixture.reopen().db, randomBytes });
  await assert.doesNotReject(restarted.verify(token));
  assert.deepEqual(restarted.jwks(), fixture.tokens.jwks());
  const other = tokensFixture(t);
  const foreign = other.db.sql.prepare("SELECT * FROM signing_keys").get();
  fixture.db.sql
    .prepare("INSERT INTO signing_keys (kid, private_jwk, created_at) VALUES (?, ?, ?)")
    .run(foreign?.kid as string, foreign?.private_jwk as string, startTime + 1);
  const rotated = new SessionTokens({ ...fixture, randomBytes });
  assert.equal(rotated.jwks().keys.length, 2);
  await assert.doesNotReject(rotated.verify(token));
  const next = (await rotated.mint(fixture.maker)).token;
  assert.equal(decodeProtectedHeader(next).kid, foreign?.kid);
});

test("AUTH4 a changed or unsigned token is refused", async (t) => {
  const { tokens, maker } = tokensFixture(t);
  const { token } = await tokens.mint(maker);
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const admin = textOf({ ...decodeJwt(token), role: "admin" });
  const none = textOf({ ...decodeProtectedHeader(token), alg: "none" });
  const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
  const forged = [
    `${header}.${admin}.${signature}`,
    `${header}.${payload}.${flipped}`,
    `${header}.${payload}.`,
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${payload}`,
    "",
    "..",
    "a.b.c",
  ];
  for (const text of forged) await assert.rejects(tokens.verify(text), invalid, text);
});

test("AUTH4 a token signed by HS256 with the public key as its secret is refused", async (t) => {
  const { tokens, maker } = tokensFixture(t);
  const [jwk] = tokens.jwks().keys;
  const publicKey = createPublicKey({ key: jwk as JsonWebKeyInput["key"], format: "jwk" });
  const claims = decodeJwt((await tokens.mint(maker)).token);
  const pem = publicKey.export({ type: "spki", format: "pem" });
  for (const secret of [Buffer.from(pem), Buffer.from(jwk?.x as string, "base64url")]) {
    const header = { alg: "HS256", kid: jwk?.kid as string };
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(secret);
    await assert.rejects(tokens.verify(forged), invalid);
  }
});

test("AUTH4 another installation's token is refused", async (t) => {
  const [here, there] = [tokensFixture(t), tokensFixture(t)];
  const { token } = await there.tokens.mint(there.maker);
  await assert.rejects(here.tokens.verify(token), invalid);
});

test("AUTH4 a well signed token with a wrong or missing claim is refused", async (t) => {
  const { tokens, maker, db } = tokensFixture(t);
  const claims = decodeJwt((await tokens.mint(maker)).token);
  const row = db.sql.prepare("SELECT kid, private_jwk FROM signing_keys").get();
  const header = { alg: "EdDSA", kid: row?.kid as string };
  const sign = (changed: object) => {
    const jwk = JSON.parse(row?.private_jwk as string);
    return new SignJWT({ ...claims, ...changed }).setProtectedHeader(header).sign(jwk);
  };
  await assert.doesNotReject(tokens.verify(await sign({})));
  const wrong = [{ iss: "spool:other" }, { aud: "other" }];
  const missing = ["exp", "sub", "org_id", "role", "scope", "key", "jti", "aud", "iss"];
  for (const change of [...wrong, ...missing.map((name) => ({ [name]: undefined }))]) {
    await assert.rejects(tokens.verify(await sign(change)), invalid, JSON.stringify(change));
  }
});
