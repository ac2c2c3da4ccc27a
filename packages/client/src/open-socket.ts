/**
 * Opens a WebSocket to the server, identified as the transport is: with a header where the
 * platform's WebSocket takes one (Node), else with a subprotocol for a token and `?api_key=` for a
 * key (AUTH1). Used by `LiveConnection` and `LiveLink`.
 */
import type { HttpTransport, Query } from "./http-transport.ts";
import type { SpoolError } from "./spool-error.ts";

/** The part of a WebSocket that browsers and Node have in common. */
export type Socket = {
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
};

/** How a connection ended. */
export type LiveEnd = {
  /** The WebSocket's close code; 1006 when there was no proper end. */
  readonly code: number;
  /** False when the upgrade was refused or nobody answered. */
  readonly opened: boolean;
  /** True when the reader was too slow and the queue was full. */
  readonly overflowed: boolean;
  /** Why the server would not begin the stream, where it said so on a shared socket. */
  readonly refusal?: SpoolError;
};

/** Close codes that say what to do next (LIVE14); every other one: connect again after a moment. */
export const closeCodes = {
  normal: 1_000,
  shutdown: 1_001,
  lost: 1_006,
  expired: 4_401,
  withdrawn: 4_403,
  deleted: 4_410,
} as const;

type SocketConstructor = new (
  url: string,
  options?: string[] | { headers: Record<string, string> },
) => Socket;

/** A socket on its way up. Rejects only when the credential cannot be had, with a SpoolError. */
export async function openSocket(
  http: HttpTransport,
  path: string,
  query: Query = {},
): Promise<Socket> {
  const url = http.urlOf(path, query);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const credential = await http.credential();
  const Constructor = globalThis.WebSocket as unknown as SocketConstructor;
  if (credential === null) return new Constructor(url.href);
  if (takesHeaders()) {
    const headers: Record<string, string> =
      "apiKey" in credential
        ? { "x-api-key": credential.apiKey }
        : { authorization: `Bearer ${credential.token}` };
    return new Constructor(url.href, { headers });
  }
  if ("token" in credential) {
    return new Constructor(url.href, ["spool", `bearer.${credential.token}`]);
  }
  url.searchParams.set("api_key", credential.apiKey);
  return new Constructor(url.href);
}

/** Node's WebSocket takes headers; a browser's does not. */
function takesHeaders(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}
