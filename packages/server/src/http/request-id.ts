/**
 * Names each request (WIRE3): by the client's own `X-Request-Id` when it is a sane one, else by an
 * id that costs next to nothing and no other request of any process has.
 */
import { randomBytes } from "node:crypto";
import { requestIdCharactersMax } from "../limits.ts";

/** Safe in headers, logs and, unescaped, in JSON. */
const sane = new RegExp(`^[A-Za-z0-9._-]{1,${requestIdCharactersMax}}$`);

const processPart = randomBytes(6).toString("base64url");
let count = 0;

/** The id for a request whose `X-Request-Id` is `own`. */
export function requestIdOf(own: string | readonly string[] | undefined): string {
  if (typeof own === "string" && sane.test(own)) return own;
  count += 1;
  return `req_${processPart}${count.toString(36)}`;
}
