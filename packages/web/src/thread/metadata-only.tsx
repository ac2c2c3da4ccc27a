/** Stands in for the conversation where an admin has opened somebody else's thread (ORG8). */
import type { Thread } from "@spool/protocol/resources";
import { Lock } from "lucide-react";
import type { ReactNode } from "react";
import { texts } from "../texts.ts";
import { fullTime } from "../ui/times.ts";
import "./metadata-only.css";

const words = texts.metadataOnly;

/** What an admin may know of it, kept up to date. */
export function MetadataOnly({ thread }: { readonly thread: Thread }) {
  const hasMetadata = Object.keys(thread.metadata).length > 0;
  return (
    <section className="metadata-only" aria-labelledby="metadata-only-title">
      <h2 id="metadata-only-title">
        <Lock aria-hidden="true" size={18} />
        {words.title}
      </h2>
      <p className="faint">
        <bdi>{words.statement(thread.ownerUserId)}</bdi>
      </p>
      <dl>
        <Fact name={words.owner} value={thread.ownerUserId} />
        <Fact name={words.agent} value={thread.agentId} />
        <Fact name={words.status} value={thread.status} />
        <Fact name={words.run} value={thread.activeRunId} />
        <Fact name={words.mode} value={thread.executionMode} />
        <Fact name={words.parent} value={thread.parentThreadId} />
        <Fact name={words.events} value={thread.sequence.toLocaleString("en")} />
        <Fact name={words.created} value={fullTime(thread.createdAt)} />
        <Fact name={words.updated} value={fullTime(thread.updatedAt)} />
        <Fact name={words.archived} value={thread.archivedAt && fullTime(thread.archivedAt)} />
        <Fact name={words.id} value={<code>{thread.id}</code>} />
      </dl>
      {hasMetadata && (
        <>
          <h3>{words.metadata}</h3>
          <pre>{JSON.stringify(thread.metadata, null, 2)}</pre>
        </>
      )}
    </section>
  );
}

/** One line; none where there is nothing to say. */
function Fact({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  if (value === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}
