/**
 * Which protocol a configured model speaks, and where: read from its URL alone (CFG16). Pure.
 */

/** A model as it is configured. */
export type ModelSettings = {
  /** The base URL, or that of the endpoint itself. */
  readonly url: URL;
  readonly model: string;
  /** Null for endpoints that want none. */
  readonly apiKey: string | null;
};

/** Where requests go. */
export type ModelAddress = {
  readonly protocol: "openai" | "anthropic";
  /** What a client library puts its own path behind; without a slash at the end. */
  readonly baseUrl: string;
  /** Parameters that each request carries. */
  readonly query: Readonly<Record<string, string>>;
};

/**
 * Anthropic's Messages API for its own hosts and for a path that ends in `/v1/messages`; for
 * everything else OpenAI's chat completions. The path may name the endpoint, or what stands before.
 */
export function modelAddress(url: URL): ModelAddress {
  const path = url.pathname.replace(/\/+$/, "");
  const isAnthropic = /(^|\.)anthropic\.com$/.test(url.hostname) || path.endsWith("/v1/messages");
  const base = isAnthropic
    ? path.replace(/\/v1(\/messages)?$/, "")
    : path.replace(/\/chat\/completions$/, "");
  return {
    protocol: isAnthropic ? "anthropic" : "openai",
    baseUrl: `${url.origin}${base}`,
    query: Object.fromEntries(url.searchParams),
  };
}
