/** Every limit of live delivery in one place, with what happens beyond it. */

export const liveLimits = {
  /** Unsent bytes of one watcher; beyond it the watcher reads on from the log (LIVE12). */
  queueBytesMax: 1024 * 1024,
  /** A watcher that takes nothing of a full queue for this long is closed with 4008. */
  stuckMsMax: 30_000,
  /** At most this long between two looks at a full queue. */
  drainPollMs: 100,
  /** Snapshots read at a time; the others wait their turn. */
  snapshotsAtOnce: 16,
  /** Bytes of publishes on a socket that are not answered yet; beyond it reading pauses. */
  unansweredBytesMax: 16 * 1024 * 1024,
  unansweredMax: 10_000,
  /** Threads one socket may subscribe to. */
  subscriptionsMax: 10_000,
  /** Between two looks at what changed in a watched thread list. */
  listFeedMs: 50,
  /** Events and bytes read from the log at a time while catching up. */
  catchUpEvents: 500,
  catchUpBytes: 512 * 1024,
  /** A peer silent for this long is cut off (LIVE11). */
  silentMsMax: 60_000,
  /** Bytes of a message from a peer beyond which the socket is cut without looking (1009). */
  receivedBytesMax: 16 * 1024 * 1024,
  /** Between two looks at whether the credentials of open sockets still hold. */
  credentialCheckMs: 2_000,
  /** How long sockets have to say goodbye when the server stops. */
  goodbyeMs: 1_000,
} as const;
