/**
 * Asks once before a thread is gone for good. While a run or a compaction holds it, that has to be
 * agreed to by itself (DEL2), also where it began after the dialog was opened.
 */
import type { Thread } from "@spool/protocol/resources";
import { useState } from "react";
import { texts } from "../texts.ts";
import { Modal } from "../ui/modal.tsx";
import { titleOf } from "./actions.ts";
import { DialogForm } from "./dialog-form.tsx";
import { busyWith } from "./refusal-text.ts";
import { useActions } from "./use-actions.ts";

type Props = { readonly thread: Thread; readonly onClose: () => void };

/** With a tick to be set where the thread is busy. */
export function DeleteDialog({ thread, onClose }: Props) {
  const actions = useActions();
  const [holder, setHolder] = useState(holderOf(thread));
  const [isForced, setForced] = useState(false);
  return (
    <Modal title={texts.deletion.title} onClose={onClose}>
      <DialogForm
        submit={texts.deletion.submit}
        pending={texts.deletion.pending}
        isDanger
        isDisabled={holder !== null && !isForced}
        onSubmit={() => actions.delete(thread, isForced)}
        onRefused={(error) => setHolder(busyWith(error) ?? holder)}
        onClose={onClose}
      >
        <p>
          <strong>
            <bdi>{titleOf(thread)}</bdi>
          </strong>
        </p>
        <p>{texts.deletion.warning(thread.eventCount)}</p>
        {holder !== null && (
          <label className="check">
            <input
              type="checkbox"
              checked={isForced}
              onChange={(event) => setForced(event.target.checked)}
            />
            {holder === "run" ? texts.deletion.evenRunning : texts.deletion.evenCompacting}
          </label>
        )}
      </DialogForm>
    </Modal>
  );
}

function holderOf({ activeRunId, status }: Thread): "run" | "compaction" | null {
  if (activeRunId !== null) return "run";
  return status === "compacting" ? "compaction" : null;
}
