/**
 * Takes credentials out of text before it reaches a log, an error, a metric or a trace (AUTH17).
 * Called by whatever prints a URL or a message that may quote a request. Errs on the side of
 * removing too much.
 */

const redacted = "[redacted]";
const secretParameters: ReadonlySet<string> = new Set(["api_key", "token", "code"]);
const apiKeyText = /rt_(?:live|test|signin|code)_[\w-]+/gi;
const jwtText = /eyJ[\w-]{6,}(?:\.[\w-]*)*/g;

/**
 * `url` (absolute, or path and query) without the values of credential parameters, and without
 * anything anywhere in it that looks like an API key or a JWT, percent-encoded or not.
 */
export function redactUrl(url: string): string {
  const queryStart = url.indexOf("?");
  if (queryStart === -1) return redactEncoded(url);
  const parts = url.slice(queryStart + 1).split("&");
  return `${redactEncoded(url.slice(0, queryStart))}?${parts.map(redactParameter).join("&")}`;
}

/** `text` without anything that looks like an API key or a JWT. */
export function redactText(text: string): string {
  return text.replace(apiKeyText, redacted).replace(jwtText, redacted);
}

function redactParameter(part: string): string {
  const equals = part.indexOf("=");
  if (equals === -1) return redactEncoded(part);
  const name = part.slice(0, equals);
  if (secretParameters.has(decoded(name).toLowerCase())) return `${name}=${redacted}`;
  return `${redactEncoded(name)}=${redactEncoded(part.slice(equals + 1))}`;
}

/** Where the secret shows only after decoding, nothing of the part is kept. */
function redactEncoded(part: string): string {
  const plain = redactText(part);
  const text = decoded(plain);
  return text === redactText(text) ? plain : redacted;
}

/** Percent-decodes what is ASCII, as all secrets are; never fails, unlike decodeURIComponent. */
function decoded(part: string): string {
  return part.replace(/%([0-7][0-9a-f])/gi, (_, hex) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
}
