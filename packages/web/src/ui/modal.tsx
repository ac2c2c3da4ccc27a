/**
 * A dialog over the page, which is inert meanwhile: the browser's own `<dialog>`, named by its title.
 * Escape, the backdrop and the close button close it. The focus begins at `data-first-focus`, and goes
 * back to where it was.
 */
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { texts } from "../texts.ts";
import "./modal.css";

type Props = {
  readonly title: ReactNode;
  readonly children: ReactNode;
  /** The dialog is gone, whatever closed it. */
  readonly onClose: () => void;
};

/** Open for as long as it is mounted. */
export function Modal({ title, children, onClose }: Props) {
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current: shown } = dialog;
    const before = document.activeElement;
    if (shown?.open === false) shown.showModal();
    shown?.querySelector<HTMLElement>("[data-first-focus]")?.focus();
    return () => {
      shown?.close();
      restoreFocus(before);
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="modal-body">
        <header className="modal-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="menu-button" onClick={onClose}>
            <X aria-hidden="true" size={18} />
            <span className="hidden">{texts.dialogs.close}</span>
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Where it was; where that is gone (a deleted row), to what stands beside it. */
function restoreFocus(before: Element | null): void {
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) {
      document.querySelector<HTMLElement>("#conversation")?.focus();
    }
  });
}
