/**
 * The server's configuration: one typed table that yields the environment variables, the flags of
 * `spool serve` and their help (CFG1). `parseConfig` reads it once at the start; a wrong value is a
 * ConfigError of one line that names the variable or flag (CFG2). Nothing else reads `process.env`.
 */
import {
  apiKey,
  type Kind,
  list,
  logLevel,
  optionalText,
  origin,
  proxies,
  secret,
  text,
  webUrl,
  wholeNumber,
} from "./config-values.ts";

/** One row of the table. `T` is what the value becomes. */
export type Setting<T> = {
  readonly env: `SPOOL_${string}`;
  readonly kind: Kind<T>;
  /** What it is when nobody sets it. */
  readonly fallback: T;
  /** For people, without a full stop. */
  readonly help: string;
};

/** Keeps each row's own type, so that `Config` can be inferred from the table. */
function setting<T>(
  env: Setting<T>["env"],
  kind: Kind<T>,
  rest: { readonly fallback: NoInfer<T>; readonly help: string },
): Setting<T> {
  return { env, kind, ...rest };
}

/** The table, in the order of the help. */
export const settings = {
  host: setting("SPOOL_HOST", text, { fallback: "127.0.0.1", help: "Address to listen on" }),
  port: setting("SPOOL_PORT", wholeNumber({ min: 0, max: 65_535 }), {
    fallback: 4646,
    help: "Port to listen on; 0 takes a free one",
  }),
  dataDir: setting("SPOOL_DATA_DIR", text, { fallback: "./data", help: "The data directory" }),
  jwksUrl: setting("SPOOL_JWKS_URL", webUrl, {
    fallback: null,
    help: "Where an identity provider publishes its keys; needs issuer and audience",
  }),
  jwtIssuer: setting("SPOOL_JWT_ISSUER", optionalText, {
    fallback: null,
    help: "The iss its tokens carry",
  }),
  jwtAudience: setting("SPOOL_JWT_AUDIENCE", optionalText, {
    fallback: null,
    help: "The aud its tokens carry",
  }),
  jwtClaimUser: setting("SPOOL_JWT_CLAIM_USER", text, {
    fallback: "sub",
    help: "Claim that holds the user's id",
  }),
  jwtClaimOrg: setting("SPOOL_JWT_CLAIM_ORG", text, {
    fallback: "org_id",
    help: "Claim that holds the org's id",
  }),
  jwtClaimRole: setting("SPOOL_JWT_CLAIM_ROLE", text, {
    fallback: "role",
    help: "Claim that holds the role; without it, member",
  }),
  jwtClaimScopes: setting("SPOOL_JWT_CLAIM_SCOPES", text, {
    fallback: "scope",
    help: "Claim that holds the scopes",
  }),
  corsOrigins: setting("SPOOL_CORS_ORIGINS", list(origin), {
    fallback: [],
    help: "Origins whose pages may call, separated by commas; * for all",
  }),
  trustProxy: setting("SPOOL_TRUST_PROXY", proxies, {
    fallback: false,
    help: "Proxies whose forwarded headers count: true, false, a number of hops, or addresses",
  }),
  publicUrl: setting("SPOOL_PUBLIC_URL", webUrl, {
    fallback: null,
    help: "The server's address as clients see it",
  }),
  rateLimit: setting("SPOOL_RATE_LIMIT", wholeNumber({ min: 0, max: 1_000_000_000 }), {
    fallback: 0,
    help: "Requests per minute and key; 0 is no limit",
  }),
  heartbeatSeconds: setting("SPOOL_HEARTBEAT_SECONDS", wholeNumber({ min: 1, max: 3_600 }), {
    fallback: 10,
    help: "Seconds between two pings of a live connection",
  }),
  internalToken: setting("SPOOL_INTERNAL_TOKEN", secret, {
    fallback: null,
    help: "Secret of the platform's own services on /internal; without it there are no such routes",
  }),
  summariserUrl: setting("SPOOL_SUMMARISER_URL", webUrl, {
    fallback: null,
    help: "Base URL of the model that makes summaries, OpenAI-compatible or Anthropic; needs a model",
  }),
  summariserModel: setting("SPOOL_SUMMARISER_MODEL", optionalText, {
    fallback: null,
    help: "Name of that model",
  }),
  summariserApiKey: setting("SPOOL_SUMMARISER_API_KEY", apiKey, {
    fallback: null,
    help: "Its API key; the variable is not seen by other users of the machine, the flag is",
  }),
  logLevel: setting("SPOOL_LOG_LEVEL", logLevel, {
    fallback: "info",
    help: "How much is logged: debug, info, warn, error or silent",
  }),
} as const;

/** Names of the table's rows. */
export type SettingName = keyof typeof settings;

/** The parsed configuration. */
export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never;
};

/** Promised, not built: setting one must not look as if it worked. */
const notBuilt = ["SPOOL_DATABASE_URL", "SPOOL_NATS_URL"];

/** A wrong value; the message is one line for the person who set it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Flags as the command line gives them, by the names of the table. */
export type FlagValues = { readonly [Name in SettingName]?: string | undefined };

/**
 * The configuration of `env` and `flags`, of which flags win. An empty variable counts as not set.
 * Throws ConfigError for the first wrong value.
 */
export function parseConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: FlagValues = {},
): Config {
  for (const name of notBuilt) {
    if (env[name] !== undefined && env[name] !== "") {
      throw new ConfigError(
        `${name} is not supported by this version of Spool yet; leave it unset`,
      );
    }
  }
  const config: Record<string, unknown> = {};
  for (const name of settingNames) {
    const { env: variable, kind, fallback } = settings[name];
    const flag = flags[name];
    const given = flag ?? (env[variable] === "" ? undefined : env[variable]);
    if (given === undefined) {
      config[name] = fallback;
      continue;
    }
    const value = kind.parse(given);
    if (value === undefined) {
      const source = flag === undefined ? variable : flagOf(variable);
      // The value is left out: someone may have put a secret there.
      throw new ConfigError(`${source} must be ${kind.allowed}`);
    }
    config[name] = value;
  }
  return checkedTogether(config as Config);
}

/** One flag of `spool serve`: its name in the table, its syntax, its help text. */
export type ServeFlag = {
  readonly name: SettingName;
  /** For example `--jwt-claim-user <text>`. */
  readonly syntax: string;
  readonly help: string;
};

/** The flags of `spool serve`, in the order of the table. */
export function serveFlags(): ServeFlag[] {
  return settingNames.map((name) => {
    const { env, kind, fallback, help } = settings[name];
    const isUnset = fallback === null || fallback === false || String(fallback) === "";
    const standard = isUnset ? "" : `, default ${fallback}`;
    return {
      name,
      syntax: `${flagOf(env)} <${kind.placeholder}>`,
      help: `${help} (${env}${standard})`,
    };
  });
}

const settingNames = Object.keys(settings) as SettingName[];

function flagOf(env: string): string {
  return `--${env.slice("SPOOL_".length).toLowerCase().replaceAll("_", "-")}`;
}

function checkedTogether(config: Config): Config {
  checkProvider(config);
  checkSummariser(config);
  return config;
}

/** AUTH12: without issuer and audience any token of the provider would do, for whomever made. */
function checkProvider(config: Config): void {
  const { jwksUrl, jwtIssuer, jwtAudience } = config;
  if (jwksUrl !== null && (jwtIssuer === null || jwtAudience === null)) {
    const missing = jwtIssuer === null ? settings.jwtIssuer.env : settings.jwtAudience.env;
    throw new ConfigError(`${settings.jwksUrl.env} needs ${missing} to be set as well`);
  }
  if (jwksUrl === null && (jwtIssuer !== null || jwtAudience !== null)) {
    const set = jwtIssuer === null ? settings.jwtAudience.env : settings.jwtIssuer.env;
    throw new ConfigError(`${set} counts only together with ${settings.jwksUrl.env}; set both`);
  }
}

/** CFG16: a model is named by both, and a key without them would look as if it were used. */
function checkSummariser({ summariserUrl, summariserModel, summariserApiKey }: Config): void {
  const url = settings.summariserUrl.env;
  if (summariserUrl !== null && summariserModel === null) {
    throw new ConfigError(`${url} needs ${settings.summariserModel.env} to be set as well`);
  }
  if (summariserUrl === null && (summariserModel !== null || summariserApiKey !== null)) {
    const set = summariserModel === null ? settings.summariserApiKey : settings.summariserModel;
    throw new ConfigError(`${set.env} counts only together with ${url}; set both`);
  }
}
