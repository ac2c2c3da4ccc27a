/** The first frame of a live stream, spliced from stored lines, never parsed and printed. Pure. */
import type { Access, InFlight } from "@spool/protocol/live-frames";
import type { Thread } from "@spool/protocol/resources";
import { PROTOCOL_VERSION } from "@spool/protocol/version";

/** What a snapshot says; `lines` are stored event lines in ascending order. */
export type SnapshotParts = {
  readonly access: Access;
  readonly resumed: boolean;
  /** Why a resume was not possible. */
  readonly reason: string | null;
  readonly thread: Thread;
  readonly lines: readonly Buffer[];
  readonly sequence: number;
  readonly position: string;
  readonly inFlight: InFlight | null;
  readonly nextCursor: string | null;
};

/** Prints the frame (LIVE1). */
export function snapshotFrame(parts: SnapshotParts): Buffer {
  const { access, resumed, reason, thread, sequence, position, inFlight, nextCursor } = parts;
  const before = {
    type: "snapshot",
    protocol_version: PROTOCOL_VERSION,
    threadId: thread.id,
    access,
    resumed,
    ...(reason === null ? {} : { reason }),
    thread,
  };
  const after = { sequence, position, inFlight, hasMore: nextCursor !== null, nextCursor };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(before).slice(0, -1)},"events":[`),
    ...joined(parts.lines),
    Buffer.from(`],${JSON.stringify(after).slice(1)}`),
  ]);
}

const comma = Buffer.from(",");

function joined(lines: readonly Buffer[]): Buffer[] {
  return lines.flatMap((line, index) => (index === 0 ? [line] : [comma, line]));
}
