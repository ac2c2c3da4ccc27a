/** Asks for a thread's title (THR3). */
import { titleCharactersMax } from "@spool/protocol/limits";
import type { Thread } from "@spool/protocol/resources";
import { useId, useState } from "react";
import { texts } from "../texts.ts";
import { Modal } from "../ui/modal.tsx";
import { DialogForm } from "./dialog-form.tsx";
import { useActions } from "./use-actions.ts";

type Props = { readonly thread: Thread; readonly onClose: () => void };

/** An empty title is none. */
export function RenameDialog({ thread, onClose }: Props) {
  const actions = useActions();
  const id = useId();
  const [title, setTitle] = useState(thread.title ?? "");
  const trimmed = title.trim();
  // As the server counts them, which is not as UTF-16 does.
  const count = [...trimmed].length;
  const isTooLong = count > titleCharactersMax;
  return (
    <Modal title={texts.rename.title} onClose={onClose}>
      <DialogForm
        submit={texts.rename.submit}
        pending={texts.rename.pending}
        isDisabled={isTooLong}
        onSubmit={() => actions.rename(thread, trimmed === "" ? null : trimmed)}
        onClose={onClose}
      >
        <div className="field">
          <label htmlFor={id}>{texts.rename.label}</label>
          <input
            id={id}
            dir="auto"
            autoComplete="off"
            data-first-focus
            aria-describedby={`${id}-hint`}
            aria-invalid={isTooLong}
            value={title}
            onFocus={(event) => event.target.select()}
            onChange={(event) => setTitle(event.target.value)}
          />
          <p id={`${id}-hint`} className={isTooLong ? "refusal" : "faint"}>
            {isTooLong ? texts.rename.tooLong(count) : texts.rename.hint}
          </p>
        </div>
      </DialogForm>
    </Modal>
  );
}
