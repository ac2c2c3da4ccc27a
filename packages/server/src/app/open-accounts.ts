/**
 * Who may call: the accounts of the data directory, their keys, tokens and sign-ins, the identity
 * provider where one is configured, and the audit log, opened together and closed in the opposite
 * order. Called by `app.ts` at the start, which hands the parts to routes and live streams.
 */
import { type AccountsDb, openAccountsDb } from "../auth/accounts-db.ts";
import { ApiKeys } from "../auth/api-keys.ts";
import { AuditLog } from "../auth/audit-log.ts";
import { type Authenticator, createAuthenticator } from "../auth/authenticate.ts";
import { SessionTokens } from "../auth/session-tokens.ts";
import { SignInCodes } from "../auth/sign-in-codes.ts";
import { SignIns } from "../auth/sign-ins.ts";
import type { TokenVerifier } from "../auth/verified-token.ts";
import type { Config } from "../config.ts";
import { readAdminKey } from "../ops/admin-key.ts";
import type { Log } from "../ops/log.ts";
import type { Audit } from "../threads/visible-thread.ts";
import type { Opened } from "./opened.ts";

/** Everything about callers that routes and streams ask. */
export type Accounts = {
  readonly db: AccountsDb;
  readonly keys: ApiKeys;
  readonly tokens: SessionTokens;
  readonly signIns: SignIns;
  readonly codes: SignInCodes;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly audit: Audit;
  readonly authenticate: Authenticator;
};

/** Opens the accounts; `opened` closes them. Rejects when the data directory is unusable. */
export async function openAccounts(
  config: Config,
  parts: {
    readonly dataDir: string;
    readonly log: Log;
    readonly opened: Opened;
    /** Milliseconds since the epoch. */
    readonly now: () => number;
    readonly randomBytes: (size: number) => Buffer;
  },
): Promise<Accounts> {
  const { dataDir, log, opened, now, randomBytes } = parts;
  const db = openAccountsDb({ dataDir, now, randomBytes });
  opened.onClose(() => db.sql.close());
  const shared = {
    db,
    now,
    randomBytes,
    schedule: (task: () => void, milliseconds: number) => {
      setTimeout(task, milliseconds).unref();
    },
    report: (error: unknown) => log.warn({ err: error }, "last uses could not be written"),
  };
  const keys = new ApiKeys(shared);
  opened.onClose(() => keys.close());
  const signIns = new SignIns({ ...shared, keys });
  opened.onClose(() => signIns.close());
  const tokens = new SessionTokens({ db, now, randomBytes });
  const verifier = await identityProvider(config, now);
  const auditLog = new AuditLog(db.sql);
  return {
    db,
    keys,
    tokens,
    signIns,
    codes: new SignInCodes({ now, randomBytes }),
    now,
    authenticate: createAuthenticator({ keys, signIns, ownTokens: tokens, verifier, now }),
    audit: ({ principal, requestId }, action, threadId) => {
      const { orgId, userId } = principal;
      auditLog.append({ at: now(), orgId, actorUserId: userId, action, threadId, requestId });
    },
  };
}

/** A one-time code for the key in admin.key; null without the file or when its key is gone. */
export function newAdminCode({ keys, codes }: Accounts, dataDir: string): string | null {
  const secret = readAdminKey(dataDir);
  const keyId = secret === null ? null : (keys.findKey(secret)?.keyId ?? null);
  return keyId === null ? null : codes.make(keyId);
}

async function identityProvider(
  config: Config,
  now: () => number,
): Promise<TokenVerifier | undefined> {
  const { jwksUrl, jwtIssuer, jwtAudience } = config;
  if (jwksUrl === null || jwtIssuer === null || jwtAudience === null) return undefined;
  const { createTokenVerifier } = await import("../auth/token-verifier.ts");
  return createTokenVerifier({
    jwksUrl,
    issuer: jwtIssuer,
    audience: jwtAudience,
    claims: {
      user: config.jwtClaimUser,
      org: config.jwtClaimOrg,
      role: config.jwtClaimRole,
      scopes: config.jwtClaimScopes,
    },
    now,
  });
}
