/**
 * Opaque, signed cursors: base64url of a 16-byte HMAC-SHA256 and the JSON it covers. A cursor that
 * opens was sealed by this installation and is unchanged (PAGE5); what it means, and whether it
 * belongs to the request, is the caller's to check. Called by every paged route.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { DomainError } from "@spool/protocol/errors";

const macBytes = 16;

/** Seals values into cursors and opens them again. */
export type CursorCodec = {
  /** A cursor that holds `value`, which must survive JSON. */
  readonly seal: (value: object) => string;
  /** The value sealed in `cursor`. Throws INVALID_CURSOR when it is foreign or changed. */
  readonly open: (cursor: string) => object;
};

/** A codec under `secret`, the installation's cursor secret. */
export function createCursorCodec(secret: Uint8Array): CursorCodec {
  const macOf = (body: Buffer) => {
    return createHmac("sha256", secret).update(body).digest().subarray(0, macBytes);
  };
  return {
    seal(value) {
      const body = Buffer.from(JSON.stringify(value));
      return Buffer.concat([macOf(body), body]).toString("base64url");
    },
    open(cursor) {
      const bytes = Buffer.from(cursor, "base64url");
      const body = bytes.subarray(macBytes);
      // Decoding passes over stray characters and bits, so only one spelling of a cursor is good.
      const isCanonical = bytes.length > macBytes && bytes.toString("base64url") === cursor;
      if (!isCanonical || !timingSafeEqual(bytes.subarray(0, macBytes), macOf(body))) {
        throw new DomainError(
          "INVALID_CURSOR",
          "The cursor is not one this server made; start again from the first page.",
        );
      }
      return JSON.parse(body.toString()) as object;
    },
  };
}
