/**
 * What a WebSocket upgrade must pass and how one is refused (LIVE13): the same checks, envelope and
 * limits as REST, before the connection becomes a socket. Called by the live server.
 */
import { type IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { DomainError } from "@spool/protocol/errors";
import type { Authenticator } from "../auth/authenticate.ts";
import { readCredentials, refuseInternalHeaders } from "../auth/credentials.ts";
import type { Principal } from "../auth/principal.ts";
import { redactUrl } from "../auth/redact.ts";
import type { Log } from "../ops/log.ts";
import { callerOf, rateExceeded } from "./admission.ts";
import { splitQuery } from "./query.ts";
import type { Rate, RateLimiter } from "./rate-limiter.ts";
import { refusalOf } from "./refusals.ts";
import { requestIdOf } from "./request-id.ts";
import { sendRefusal } from "./send-answer.ts";

/** The door for upgrades. */
export type UpgradeGate = {
  /** Who asks. Rejects with the DomainError that refuses the upgrade. */
  readonly authenticate: (request: IncomingMessage) => Promise<Principal>;
  /** Answers in plain HTTP and ends the connection. */
  readonly refuse: (request: IncomingMessage, socket: Duplex, error: unknown) => void;
  /** The id of the request, the same at every call. */
  readonly requestIdOf: (request: IncomingMessage) => string;
};

/** A door by `authenticate`; `rateLimiter` null where no limit is set. */
export function createUpgradeGate(parts: {
  readonly authenticate: Authenticator;
  readonly rateLimiter: RateLimiter | null;
  readonly log: Log;
}): UpgradeGate {
  const ids = new WeakMap<IncomingMessage, string>();
  const rates = new WeakMap<IncomingMessage, Rate>();
  const idOf = (request: IncomingMessage): string => {
    const id = ids.get(request) ?? requestIdOf(request.headers["x-request-id"]);
    ids.set(request, id);
    return id;
  };
  return {
    requestIdOf: idOf,
    async authenticate(request) {
      refuseInternalHeaders(request.rawHeaders);
      const url = request.url ?? "";
      const query = splitQuery(url.slice(url.indexOf("?") + 1 || url.length));
      const { rawHeaders } = request;
      const credential = readCredentials({ rawHeaders, query, route: "websocket" });
      const principal = await parts.authenticate(credential);
      const rate = parts.rateLimiter?.take(callerOf(principal));
      if (rate !== undefined) rates.set(request, rate);
      if (rate?.isExceeded) throw rateExceeded(rate);
      return principal;
    },
    refuse(request, socket, error) {
      const refusal = refusalOf(error);
      if (refusal.code === "INTERNAL") logFailure(parts.log, request, refusal);
      const response = new ServerResponse(request);
      // Node attaches answers to sockets only; the upgrades of a plain server come on one.
      if (!(socket instanceof Socket)) {
        socket.destroy();
        return;
      }
      response.assignSocket(socket);
      response.on("finish", () => socket.end());
      const headers = { connection: "close" };
      sendRefusal(
        response,
        { requestId: idOf(request), rate: rates.get(request) ?? null, headers },
        refusal,
      );
    },
  };
}

function logFailure(log: Log, request: IncomingMessage, refusal: DomainError): void {
  const url = redactUrl(request.url ?? "");
  log.error({ url, err: refusal.cause ?? refusal }, "an upgrade failed");
}
