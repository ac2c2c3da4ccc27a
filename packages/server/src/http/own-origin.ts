/**
 * Which origin is the server's own, as a browser spells it (AUTH26). `SPOOL_PUBLIC_URL` says it; else
 * it is what the request was sent to, but only a loopback name or address, or a host that a trusted
 * proxy forwards: any other name may be a stranger's that points at this machine (DNS rebinding).
 * Pure; asked by admission, the sign-in routes and the page.
 */
import { isIPv4 } from "node:net";

/** What is known of the sender's side of a request; Fastify's own fields (CFG6). */
export type Client = {
  /** Address of the client, behind trusted proxies the one they name. */
  readonly ip: string;
  /** With `SPOOL_TRUST_PROXY`: the peer's address first, then those trusted proxies named. */
  readonly ips?: readonly string[] | undefined;
  /** The host the client asked, forwarded by a trusted proxy or as sent. */
  readonly host: string;
  readonly protocol: string;
  readonly headers: {
    readonly origin?: string | undefined;
    readonly "x-forwarded-host"?: string | string[] | undefined;
    readonly "sec-fetch-site"?: string | string[] | undefined;
  };
};

/** The server's own origin for a request; null when the request was sent to no known host. */
export type OwnOrigin = (client: Client) => string | null;

/** `publicUrl` is `SPOOL_PUBLIC_URL`. */
export function createOwnOrigin(publicUrl: URL | null): OwnOrigin {
  if (publicUrl !== null) return () => publicUrl.origin;
  return (client) => {
    const url = originUrl(client);
    if (url === null) return null;
    return isForwarded(client) || isLoopback(url.hostname) ? url.origin : null;
  };
}

/**
 * Whether a request comes from the server's own page, as far as a browser tells: its `Origin` is
 * the server's own. A GET may lack it; then it was at least not sent by another site's page.
 */
export function isOwnPage(client: Client, method: string, ownOrigin: OwnOrigin): boolean {
  const own = ownOrigin(client);
  if (own === null) return false;
  const { origin, "sec-fetch-site": site } = client.headers;
  if (origin !== undefined) return origin === own;
  const mayLackIt = method === "GET" || method === "HEAD";
  return mayLackIt && (site === undefined || site === "same-origin" || site === "none");
}

function originUrl({ protocol, host }: Client): URL | null {
  // Only a host, so that nothing else of a URL can be smuggled in.
  return /^[\w.:[\]-]+$/.test(host) ? URL.parse(`${protocol}://${host}`) : null;
}

/** A second address is there only where the peer is trusted, and so is the host it forwards. */
function isForwarded({ ips, headers }: Client): boolean {
  return headers["x-forwarded-host"] !== undefined && ips !== undefined && ips.length > 1;
}

/** `hostname` as URL has it: addresses in their one canonical spelling. */
function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  return hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}
