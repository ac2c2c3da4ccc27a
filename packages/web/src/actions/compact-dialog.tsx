/** Asks how a thread is to be compacted (ROL12), and may be closed while that goes on. */
import { compactInstructionsCharactersMax, keepLastMax } from "@spool/protocol/limits";
import type { Thread } from "@spool/protocol/resources";
import { useId, useState } from "react";
import { texts } from "../texts.ts";
import { Modal } from "../ui/modal.tsx";
import { DialogForm } from "./dialog-form.tsx";
import { useActions, usePending } from "./use-actions.ts";

type Props = { readonly thread: Thread; readonly onClose: () => void };

/** Instructions, and how many turns stay as they are. */
export function CompactDialog({ thread, onClose }: Props) {
  const actions = useActions();
  const isPending = usePending("compact", thread.id);
  const id = useId();
  const [instructions, setInstructions] = useState("");
  const [keepLast, setKeepLast] = useState("0");
  const wishes = {
    ...(instructions.trim() === "" ? {} : { instructions: instructions.trim() }),
    ...(Number(keepLast) > 0 ? { keepLast: Number(keepLast) } : {}),
  };
  return (
    <Modal title={texts.compaction.title} onClose={onClose}>
      <DialogForm
        submit={texts.compaction.submit}
        pending={texts.compaction.pending}
        onSubmit={() => actions.compact(thread, wishes)}
        onClose={onClose}
      >
        <p>{texts.compaction.intro}</p>
        <div className="field">
          <label htmlFor={`${id}-what`}>{texts.compaction.instructions}</label>
          <textarea
            id={`${id}-what`}
            dir="auto"
            data-first-focus
            maxLength={compactInstructionsCharactersMax}
            aria-describedby={`${id}-what-hint`}
            value={instructions}
            onChange={(event) => setInstructions(event.target.value)}
          />
          <p id={`${id}-what-hint`} className="faint">
            {texts.compaction.instructionsHint}
          </p>
        </div>
        <div className="field">
          <label htmlFor={`${id}-keep`}>{texts.compaction.keepLast}</label>
          <input
            id={`${id}-keep`}
            type="number"
            inputMode="numeric"
            min={0}
            max={keepLastMax}
            step={1}
            required
            aria-describedby={`${id}-keep-hint`}
            value={keepLast}
            onChange={(event) => setKeepLast(event.target.value)}
          />
          <p id={`${id}-keep-hint`} className="faint">
            {texts.compaction.keepLastHint}
          </p>
        </div>
        {isPending && (
          <p role="status" className="faint">
            {texts.compaction.pendingHint}
          </p>
        )}
      </DialogForm>
    </Modal>
  );
}
