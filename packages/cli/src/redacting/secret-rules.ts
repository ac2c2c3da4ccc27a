/**
 * Secrets of well-known shapes, as one table. The shapes follow the rule sets of gitleaks
 * (config/gitleaks.toml, MIT) and secretlint (preset-recommend, MIT), narrowed to what can be told
 * from text alone. Every expression takes time in proportion to the text: it begins with its
 * `begins`, and what follows cannot run over another beginning. Used by `redactor.ts`.
 */

/** One shape. Of the whole match, only the group named `secret` is masked where there is one. */
export type SecretRule = {
  /** Stands in the mask: `[redacted:aws-key]`. */
  readonly name: string;
  /** How the shape begins; a text in which no rule begins is not looked at any further. */
  readonly begins: string;
  /** Nothing of a word may stand right before, except an escaped line break. */
  readonly isWord?: boolean;
  /** What has to follow. */
  readonly rest: string;
};

/** Between a name and its value, also where quotes are escaped once or more. */
const assigned = String.raw`[\\"']{0,8}\s{0,3}[:=]\s{0,3}[\\"']{0,8}`;
/** Behind `BEGIN ` and `END ` of a key. */
const keyLabel = "[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----";
/** A value that is neither masked already nor a placeholder. */
const real = String.raw`(?!\[redacted:|[$*{<%\[(])`;
/** The value holds a digit, as generated ones do and words do not. */
const digit = String.raw`(?=[^\s"'\\]{0,256}?\d)`;

/** The value is no plain number. */
const letter = String.raw`(?=[^\s"'\\]{0,256}?[A-Za-z])`;
/** The value has a digit or a sign, as passwords do and words do not. */
const noWord = String.raw`(?=[^\s"'\\]{0,128}?[\d!#%&+?^~-])`;

/** A secret of the letters that tokens are written with. */
function plain(unitsMin: number): string {
  return `(?<secret>[A-Za-z0-9+/=._~-]{${unitsMin},4000})`;
}

function token(name: string, prefix: string, rest: string): SecretRule {
  return { name, begins: prefix, isWord: true, rest };
}

/** All rules, in the order in which they are applied. */
export const secretRules: readonly SecretRule[] = [
  {
    name: "private-key",
    begins: "-----BEGIN ",
    rest: `${keyLabel}[^-]{0,20000}(?:-(?!----)[^-]{0,20000}){0,20}-----END ${keyLabel}`,
  },
  {
    name: "private-key",
    begins: "-----BEGIN ",
    rest: String.raw`[A-Z0-9 ]{0,40}PRIVATE KEY-----(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=\\\s]{40,20000}`,
  },
  token("aws-key", "A(?:KIA|SIA|BIA|CCA)", "[A-Z2-7]{16}(?![A-Z0-9])"),
  token("github-token", "gh[pousr]_", "[A-Za-z0-9]{36,255}"),
  token("github-token", "github_pat_", "[A-Za-z0-9_]{36,255}"),
  token("gitlab-token", "gl(?:pat|ptt|rt|dt|cbt|agent|soat|ft)-", "[A-Za-z0-9_.=-]{20,300}"),
  token("slack-token", "x(?:ox[a-z]|app)-", "[A-Za-z0-9-]{10,250}"),
  {
    name: "slack-webhook",
    begins: String.raw`hooks\.slack\.com/`,
    rest: "(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,100}",
  },
  token("anthropic-key", "sk-ant-", "[A-Za-z0-9_-]{20,200}"),
  token("openai-key", "sk-(?:proj|svcacct|admin|or)-", "[A-Za-z0-9_-]{20,250}"),
  token("openai-key", "sk-", "[A-Za-z0-9]{32,64}(?![A-Za-z0-9])"),
  token("stripe-key", "[sr]k_(?:live|test|prod)_", "[A-Za-z0-9]{10,250}"),
  token("stripe-key", "whsec_", "[A-Za-z0-9]{24,100}"),
  token("google-key", "AIza", "[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
  token("google-token", String.raw`ya29\.`, "[A-Za-z0-9_-]{20,1000}"),
  token("google-secret", "GOCSPX-", "[A-Za-z0-9_-]{20,60}"),
  token("npm-token", "npm_", "[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  token("pypi-token", "pypi-", "AgE[A-Za-z0-9_-]{50,1000}"),
  token("huggingface-token", "(?:hf|api_org)_", "[A-Za-z0-9]{30,60}(?![A-Za-z0-9_])"),
  token("digitalocean-token", "do[opr]_v1_", "[a-f0-9]{64}"),
  token("sendgrid-key", String.raw`SG\.`, String.raw`[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}`),
  token("shopify-token", "shp(?:at|ca|pa|ss)_", "[A-Fa-f0-9]{32}"),
  token("groq-key", "gsk_", "[A-Za-z0-9]{40,60}"),
  token("xai-key", "xai-", "[A-Za-z0-9]{60,100}"),
  token("replicate-token", "r8_", "[A-Za-z0-9]{30,50}"),
  token("databricks-token", "dapi", "[a-f0-9]{32}(?![a-f0-9])"),
  token("docker-token", "dckr_(?:pat|oat)_", "[A-Za-z0-9_-]{24,64}"),
  token("vault-token", String.raw`hv[sbr]\.`, "[A-Za-z0-9_-]{24,300}"),
  token("linear-key", "lin_api_", "[A-Za-z0-9]{32,60}"),
  token("notion-token", "ntn_", "[A-Za-z0-9]{40,60}"),
  token("supabase-token", "sb(?:p|_secret)_", "[A-Za-z0-9_]{20,80}"),
  token("tailscale-key", "tskey-", "[A-Za-z0-9-]{20,100}"),
  token("telegram-token", "bot[0-9]{8,10}:", "[A-Za-z0-9_-]{34,36}"),
  token("age-key", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
  token("spool-key", "rt_(?:live|test)_", "[A-Za-z0-9_-]{20,100}"),
  token(
    "jwt",
    "eyJ",
    String.raw`[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,2000}`,
  ),
  {
    name: "azure-key",
    begins: "AccountKey=",
    rest: "(?<secret>[A-Za-z0-9+/]{80,100}={0,2})",
  },
  {
    name: "url-password",
    begins: "://",
    rest: String.raw`[^\s/:@"'<>\\]{0,128}:${real}(?<secret>[^\s/@"'<>\\]{1,256})@`,
  },
  {
    name: "authorization",
    begins: "(?:[Aa]uthorization|AUTHORIZATION)",
    rest: String.raw`${assigned}(?:[Bb]earer|[Bb]asic|[Tt]oken|[Aa]pi[Kk]ey)\s{1,3}${plain(8)}`,
  },
  {
    name: "authorization",
    begins: "[Bb]earer ",
    isWord: true,
    rest: `${digit}${plain(20)}`,
  },
  {
    name: "api-key",
    begins: "(?:[Xx]-[Aa]pi-[Kk]ey|X-API-Key|X-API-KEY)",
    rest: `${assigned}${digit}${plain(16)}`,
  },
  {
    name: "password",
    begins: "(?:PASSWORD|PASSWD|PASSPHRASE)",
    rest: String.raw`[A-Z0-9_]{0,30}${assigned}${real}(?<secret>[^\s"'\\,;&|)]{4,256})`,
  },
  {
    name: "secret",
    begins: "(?:SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)",
    rest: String.raw`[A-Z0-9_]{0,30}${assigned}${real}${digit}${letter}(?<secret>[^\s"'\\,;&|)]{16,512})`,
  },
  {
    name: "password",
    begins: "(?:[Pp]assword|[Pp]asswd)",
    isWord: true,
    rest: String.raw`${assigned}(?<=["'])${real}${noWord}(?<secret>[^\s"'\\]{6,128})`,
  },
  {
    name: "secret",
    begins:
      "(?:client_?[Ss]ecret|secret_?(?:access_?)?[Kk]ey|api_?[Kk]ey|(?:access|refresh|auth|session|bearer)_?[Tt]oken)",
    rest: `${assigned}${real}${digit}${letter}${plain(20)}`,
  },
];

/** Names of fields whose text is a secret whatever it looks like; compared in lower case. */
export const secretFields: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "passphrase",
  "authorization",
  "client_secret",
  "clientsecret",
  "secret_access_key",
  "secretaccesskey",
  "aws_secret_access_key",
  "aws_session_token",
  "access_token",
  "accesstoken",
  "refresh_token",
  "refreshtoken",
  "private_key",
  "privatekey",
  "api_key",
  "apikey",
  "x-api-key",
]);
