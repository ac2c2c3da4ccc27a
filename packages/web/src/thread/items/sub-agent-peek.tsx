/** Below a call that started a sub-agent: the way to its thread, and what it said last (WEB27). */
import { SpoolError } from "@spool/client/spool-error";
import type { Thread } from "@spool/protocol/resources";
import { CornerDownRight } from "lucide-react";
import { useEffect, useState } from "react";
import { Fold } from "../../content/fold.tsx";
import { Markdown } from "../../content/markdown.tsx";
import { messageText } from "../../content/message-parts.ts";
import { useServices } from "../../live/services.ts";
import { threadPlace } from "../../routing/address.ts";
import { texts } from "../../texts.ts";
import { useSubAgent } from "./sub-agents.ts";

/** Nothing for a call that started none. */
export function SubAgentPeek({ toolCallId }: { readonly toolCallId: string }) {
  const thread = useSubAgent(toolCallId);
  const { address } = useServices();
  if (thread === null) return null;
  return (
    <div className="sub-agent">
      <a className="sub-agent-link" {...address.linkTo(threadPlace(thread.id))}>
        <CornerDownRight aria-hidden="true" size={14} />
        <span className="hidden">{texts.items.subAgent}: </span>
        <bdi>{thread.title ?? texts.list.untitled}</bdi>
        <span className="status" data-status={thread.status}>
          {thread.status}
        </span>
      </a>
      <Fold name="peek" summary={texts.items.peek}>
        <LastWords thread={thread} />
      </Fold>
    </div>
  );
}

type Words =
  | { readonly kind: "loading" | "none" }
  | { readonly kind: "failed" | "said"; text: string };

/** Messages that are read in search of one with text, and how long changes are waited for. */
const lookedAt = 20;
const settleMs = 500;

function LastWords({ thread }: { readonly thread: Thread }) {
  const words = useLastWords(thread);
  switch (words.kind) {
    case "loading":
      return <p className="faint">{texts.items.peekLoading}</p>;
    case "none":
      return <p className="faint">{texts.items.peekNothing}</p>;
    case "failed":
      return <p role="alert">{words.text}</p>;
    case "said":
      return <Markdown text={words.text} name="peek" />;
  }
}

/** Read again when the sub-agent's thread has changed, at most twice a second. */
function useLastWords({ id, sequence }: Thread): Words {
  const { client } = useServices();
  const [words, setWords] = useState<Words>({ kind: "loading" });
  useEffect(() => {
    const stop = new AbortController();
    const read = async () => {
      const query = { type: "assistant_message", order: "desc", limit: lookedAt } as const;
      const options = { signal: stop.signal };
      try {
        const { items } = await client.history.events(id, { ...query, allRollouts: true }, options);
        const said = items.map((event) => messageText(event.payload.content));
        const text = said.find((one) => one !== "");
        setWords(text === undefined ? { kind: "none" } : { kind: "said", text });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof SpoolError)) throw error;
        setWords({ kind: "failed", text: error.message });
      }
    };
    const timer = setTimeout(() => void read(), sequence === 0 ? 0 : settleMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, id, sequence]);
  return words;
}
