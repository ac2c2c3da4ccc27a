/**
 * The version of everything that goes over the wire. `protocol-version.test.ts` pins the hash of
 * all schemas to it: whoever changes a schema changes this number, or the pinned hash with a
 * reason in the history below when old clients do not notice.
 *
 * History, one line per version:
 * 1  first: durable and transient frames, snapshot, REST bodies, error table; socket messages
 *    and the bodies of runs, compaction, contexts, internal services and sign-ins added before the
 *    first release, so that no client of this version lacks them; so are line 1 and the answer of
 *    an import, and `snippet` of a thread in a list, which only a search is answered with
 */
export const PROTOCOL_VERSION = 1;
