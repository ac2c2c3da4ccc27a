/**
 * The form of an action's dialog: fields, a refusal in words, and the two buttons. While it is under
 * way the first is off; a refusal that comes after the dialog was closed becomes a message.
 */
import type { SpoolError } from "@spool/client/spool-error";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { texts } from "../texts.ts";
import { refusalText } from "./refusal-text.ts";
import { useActions } from "./use-actions.ts";

type Props = {
  readonly children: ReactNode;
  readonly submit: string;
  readonly pending: string;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  /** Gives why it was refused; null closes the dialog. */
  readonly onSubmit: () => Promise<SpoolError | null>;
  readonly onRefused?: (error: SpoolError) => void;
  readonly onClose: () => void;
};

/** Inside a `Modal`. */
export function DialogForm(props: Props) {
  const { children, submit, pending, isDanger, isDisabled, onSubmit, onRefused, onClose } = props;
  const { toasts } = useActions();
  const [isPending, setPending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setPending(true);
    setRefusal(null);
    const error = await onSubmit();
    if (!isShown.current) {
      if (error !== null) toasts.refuse(refusalText(error));
      return;
    }
    setPending(false);
    if (error === null) return onClose();
    setRefusal(refusalText(error));
    onRefused?.(error);
  };

  return (
    <form onSubmit={(event) => void send(event)}>
      {children}
      <p role="alert" className="refusal" hidden={refusal === null}>
        {refusal}
      </p>
      <div className="buttons">
        <button type="button" data-first-focus={isDanger || undefined} onClick={onClose}>
          {isPending ? texts.dialogs.close : texts.dialogs.cancel}
        </button>
        <button
          type="submit"
          className={isDanger ? "danger" : "primary"}
          disabled={isPending || isDisabled}
        >
          {isPending ? pending : submit}
        </button>
      </div>
    </form>
  );
}
