/**
 * The schema of accounts.db, one step per version: step N takes version N - 1 to N. A released
 * step never changes; a new need is a new number. Times are milliseconds since the epoch.
 */

/** SQL per schema version, run in order inside one transaction. */
export const accountsMigrations: ReadonlyMap<number, string> = new Map([
  [
    1,
    `
    CREATE TABLE orgs (
      id TEXT PRIMARY KEY,
      created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE users (
      org_id TEXT NOT NULL REFERENCES orgs (id),
      id TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (org_id, id)
    ) STRICT, WITHOUT ROWID;

    -- hash: SHA-256 of the secret in hex; the secret itself is kept nowhere.
    -- scopes: separated by one space.
    CREATE TABLE api_keys (
      id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      org_id TEXT NOT NULL,
      user_id TEXT NOT NULL,
      name TEXT,
      role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
      scopes TEXT NOT NULL,
      label TEXT NOT NULL CHECK (label IN ('live', 'test')),
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      last_used_at INTEGER,
      revoked_at INTEGER,
      FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
    ) STRICT;
    CREATE INDEX api_keys_by_org ON api_keys (org_id, created_at, id);
    CREATE INDEX api_keys_by_user ON api_keys (org_id, user_id, created_at, id);

    CREATE TABLE signing_keys (
      kid TEXT PRIMARY KEY,
      private_jwk TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE audit_log (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      org_id TEXT NOT NULL,
      actor_user_id TEXT NOT NULL,
      action TEXT NOT NULL,
      thread_id TEXT,
      request_id TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_log_by_org ON audit_log (org_id, id);

    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    `,
  ],
  [
    2,
    `
    -- hash: SHA-256 of the cookie's secret in hex. A row goes when its sign-in ends.
    CREATE TABLE sign_ins (
      id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      key_id TEXT NOT NULL REFERENCES api_keys (id),
      org_id TEXT NOT NULL,
      user_id TEXT NOT NULL,
      user_agent TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      last_used_at INTEGER
    ) STRICT;
    CREATE INDEX sign_ins_by_user ON sign_ins (org_id, user_id, created_at, id);
    CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);
    `,
  ],
]);
