/**
 * A text message as the bytes of a WebSocket frame (RFC 6455, from a server: not masked). Made
 * once per frame and shared by all watchers, which is what fan-out costs depend on. Pure.
 */

const finalText = 0x81;

/** The frame's bytes: header and UTF-8 payload. */
export function textFrame(payload: Buffer | string): Buffer {
  const bytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  const headerBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + bytes);
  frame[0] = finalText;
  if (headerBytes === 2) {
    frame[1] = bytes;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  if (typeof payload === "string") frame.write(payload, headerBytes);
  else payload.copy(frame, headerBytes);
  return frame;
}
