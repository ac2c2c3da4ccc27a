/** A dialog with events as they are stored (WEB29). */
import { SpoolError } from "@spool/client/spool-error";
import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { CodeBlock } from "../../content/code-block.tsx";
import { FoldScope } from "../../content/fold-memory.ts";
import { useServices } from "../../live/services.ts";
import { texts } from "../../texts.ts";
import { readRawLines } from "./raw-lines.ts";

type Props = {
  readonly threadId: string;
  readonly sequences: readonly number[];
  readonly onClose: () => void;
};

/** Open as long as it is in the document. */
export function RawLinesDialog({ threadId, sequences, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { lines, failure } = useRawLinesOf(threadId, sequences);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="raw-lines" aria-label={texts.items.rawTitle} onClose={onClose}>
      <header>
        <h2>{texts.items.rawTitle}</h2>
        <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
          <X aria-hidden="true" size={16} />
          <span className="hidden">{texts.items.close}</span>
        </button>
      </header>
      {failure !== null && <p role="alert">{failure}</p>}
      {lines === null && failure === null && <p role="status">{texts.thread.loading}</p>}
      {lines?.map((line, index) => (
        <FoldScope value={`raw ${threadId} ${sequences[index]}`} key={sequences[index]}>
          <CodeBlock code={line} language="json" name="line" wraps />
        </FoldScope>
      ))}
    </dialog>
  );
}

function useRawLinesOf(threadId: string, sequences: readonly number[]) {
  const { client } = useServices();
  const [lines, setLines] = useState<readonly string[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    readRawLines(client, { threadId, sequences }, stop.signal).then(setLines, (error: unknown) => {
      if (stop.signal.aborted) return;
      if (!(error instanceof SpoolError)) throw error;
      setFailure(error.message);
    });
    return () => stop.abort();
  }, [client, threadId, sequences]);
  return { lines, failure };
}
