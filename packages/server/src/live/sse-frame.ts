/**
 * A frame as a server-sent event: its type, its position where it has one, its text. Pure. JSON
 * text holds no line break, so one `data:` line is enough.
 */

/** The event's bytes. `position` null: the frame moves nothing a client could resume from. */
export function sseFrame(type: string, payload: Buffer | string, position: string | null): Buffer {
  const id = position === null ? "" : `id: ${position}\n`;
  const head = Buffer.from(`event: ${type}\n${id}data: `);
  const text = typeof payload === "string" ? Buffer.from(payload) : payload;
  return Buffer.concat([head, text, end]);
}

/** A comment, which keeps proxies from closing an idle stream. */
export const sseComment = Buffer.from(": ping\n\n");

const end = Buffer.from("\n\n");
