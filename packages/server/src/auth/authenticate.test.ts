/**
 * Proves the way from a credential to a principal over real keys, own tokens and an identity
 * provider on the loopback: what is accepted, what is refused in which words, and when.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { DomainError } from "@spool/protocol/errors";
import {
  type AccountsFixture,
  accountsFixture,
  alice,
  principalOfNewKey,
  startTime,
} from "./accounts-fixture.ts";
import { type Authenticator, createAuthenticator, isCredentialLive } from "./authenticate.ts";
import { type IdentityProvider, identityProvider } from "./identity-provider-fixture.ts";
import type { Principal } from "./principal.ts";
import { SessionTokens } from "./session-tokens.ts";
import { createTokenVerifier } from "./token-verifier.ts";

const claims = { user: "sub", org: "org_id", role: "role", scopes: "scope" };

type Fixture = AccountsFixture & {
  tokens: SessionTokens;
  idp: IdentityProvider;
  authenticate: Authenticator;
};

async function authFixture(t: TestContext): Promise<Fixture> {
  const fixture = accountsFixture(t);
  const { keys, signIns, now } = fixture;
  const tokens = new SessionTokens({ ...fixture, randomBytes });
  const idp = await identityProvider(t, startTime);
  const verifier = createTokenVerifier({ ...idp, claims, now });
  const authenticate = createAuthenticator({ keys, signIns, ownTokens: tokens, verifier, now });
  return { ...fixture, tokens, idp, authenticate };
}

const asKey = (secret: string) => ({ type: "api_key" as const, secret });
const asToken = (secret: string) => ({ type: "session_token" as const, secret });

async function refusalOf(attempt: () => Principal | Promise<Principal>): Promise<DomainError> {
  try {
    await attempt();
  } catch (error) {
    return error as DomainError;
  }
  assert.fail("it was accepted");
}

test("AUTH1 a key, its token and a provider's token are each their principal", async (t) => {
  const { keys, tokens, idp, authenticate } = await authFixture(t);
  const { secret } = keys.create(alice);
  const principal = authenticate(asKey(secret)) as Principal;
  assert.equal(principal.credential.type, "api_key");
  const own = await authenticate(asToken((await tokens.mint(principal)).token));
  assert.equal(own.keyId, principal.keyId);
  const external = await authenticate(asToken(await idp.sign({ sub: "carol" })));
  assert.equal(external.userId, "carol");
  assert.equal(external.keyId, null);
});

test("keys, and tokens seen before, are answered without a promise", async (t) => {
  const { keys, tokens, idp, authenticate } = await authFixture(t);
  const { secret } = keys.create(alice);
  const principal = authenticate(asKey(secret));
  assert.ok(!(principal instanceof Promise));
  for (const token of [(await tokens.mint(principal)).token, await idp.sign()]) {
    const first = authenticate(asToken(token));
    assert.ok(first instanceof Promise);
    const awaited = await first;
    assert.equal(authenticate(asToken(token)), awaited);
  }
});

test("AUTH4 unknown, expired, revoked and badly signed are told in the same words", async (t) => {
  const { keys, tokens, idp, authenticate, clock } = await authFixture(t);
  const expired = keys.create({ ...alice, expiresAt: startTime + 1 });
  const revoked = keys.create(alice);
  keys.revoke(revoked.key.id, {});
  const maker = principalOfNewKey(keys);
  const { token } = await tokens.mint(maker, { ttlSeconds: 60 });
  const known = await tokens.mint(maker, { ttlSeconds: 60 });
  await authenticate(asToken(known.token));
  const external = await idp.sign({ exp: startTime / 1_000 - 600 });
  clock.time += 60_000;
  const refusals = await Promise.all([
    ...["", "rt_live_unknown", expired.secret, revoked.secret].map((secret) => {
      return refusalOf(() => authenticate(asKey(secret)));
    }),
    ...["", "x", "a.b.c", token, known.token, `${token}x`, external].map((secret) => {
      return refusalOf(() => authenticate(asToken(secret)));
    }),
    refusalOf(() => authenticate(asToken("e30.eyJpc3MiOiJldmlsIn0.e30"))),
    refusalOf(() => authenticate(asKey(token))),
    refusalOf(() => authenticate(asToken(revoked.secret))),
  ]);
  assert.equal(refusals.length, 14);
  for (const { code, message, details } of refusals) {
    assert.equal(code, "INVALID_CREDENTIALS");
    assert.equal(message, refusals[0]?.message);
    assert.equal(details, undefined);
  }
});

test("AUTH17 no refusal holds the credential it refuses, not even in its cause", async (t) => {
  const { authenticate, idp } = await authFixture(t);
  const tokens = ["eyJhbGciOi.bad.x", await idp.sign({ aud: "other", email: "a@x.example" })];
  for (const token of tokens) {
    const { stack, message, cause } = await refusalOf(() => authenticate(asToken(token)));
    assert.equal(typeof cause, "string");
    const all = `${stack} ${message} ${cause}`;
    assert.ok(!all.includes(token.slice(0, 8)) && !all.includes("x.example"), all);
  }
});

test("AUTH11 a minted token dies with its key, revoked here or by another process", async (t) => {
  const { keys, signIns, tokens, authenticate, clock, reopen } = await authFixture(t);
  for (const revoker of [keys, reopen().keys]) {
    const maker = principalOfNewKey(keys);
    const seen = (await tokens.mint(maker)).token;
    const unseen = (await tokens.mint(maker)).token;
    const principal = await authenticate(asToken(seen));
    assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), true);
    revoker.revoke(maker.keyId as string, {});
    if (revoker !== keys) clock.time += 50;
    assert.equal((await refusalOf(() => authenticate(asToken(seen)))).code, "INVALID_CREDENTIALS");
    assert.equal(
      (await refusalOf(() => authenticate(asToken(unseen)))).code,
      "INVALID_CREDENTIALS",
    );
    assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), false);
    assert.equal(isCredentialLive(maker, { keys, signIns }, clock.time), false);
  }
});

test("AUTH12 a token seen before ends at its expiry with skew", async (t) => {
  const { idp, authenticate, clock, keys, signIns } = await authFixture(t);
  const token = await idp.sign({ exp: startTime / 1_000 + 5 });
  const principal = await authenticate(asToken(token));
  clock.time = startTime + 64_999;
  assert.equal(authenticate(asToken(token)), principal);
  assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), true);
  clock.time = startTime + 65_000;
  assert.equal((await refusalOf(() => authenticate(asToken(token)))).code, "INVALID_CREDENTIALS");
  assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), false);
});

test("AUTH12 a token naming this installation never meets the provider's keys", async (t) => {
  const { idp, tokens, authenticate } = await authFixture(t);
  const forged = await idp.sign({ iss: tokens.issuer, aud: tokens.issuer });
  const { code } = await refusalOf(() => authenticate(asToken(forged)));
  assert.equal(code, "INVALID_CREDENTIALS");
  assert.equal(idp.fetches(), 0);
});

test("AUTH12 without a configured provider only own tokens count", async (t) => {
  const { keys, signIns, tokens, idp, now } = await authFixture(t);
  const authenticate = createAuthenticator({ keys, signIns, ownTokens: tokens, now });
  const token = await idp.sign();
  assert.equal((await refusalOf(() => authenticate(asToken(token)))).code, "INVALID_CREDENTIALS");
  const { token: own } = await tokens.mint(principalOfNewKey(keys));
  assert.equal((await authenticate(asToken(own))).userId, "alice");
});

test("an unreachable provider is told from a bad token", async (t) => {
  const { idp, authenticate } = await authFixture(t);
  const token = await idp.sign();
  await idp.stop();
  assert.equal((await refusalOf(() => authenticate(asToken(token)))).code, "INTERNAL");
});

test("a key's credential is live until its expiry", async (t) => {
  const { keys, signIns, clock } = await authFixture(t);
  const principal = principalOfNewKey(keys, { ...alice, expiresAt: startTime + 1_000 });
  assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), true);
  clock.time += 1_000;
  assert.equal(isCredentialLive(principal, { keys, signIns }, clock.time), false);
});
