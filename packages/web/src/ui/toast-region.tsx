/** The one place where messages about what was done or refused appear, read out politely. */
import { X } from "lucide-react";
import { useStore } from "../live/services.ts";
import { texts } from "../texts.ts";
import type { Toast, Toasts } from "./toasts.ts";
import "./toasts.css";

/** Always in the document, so that screen readers know the region before anything is in it. */
export function ToastRegion({ toasts }: { readonly toasts: Toasts }) {
  const shown = useStore(toasts.shown);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps messages while they are read
    <div
      className="toasts"
      onPointerEnter={() => toasts.hold(true)}
      onPointerLeave={() => toasts.hold(false)}
      onFocus={() => toasts.hold(true)}
      onBlur={() => toasts.hold(false)}
    >
      <div role="status" aria-label={texts.toasts.region}>
        {shown.map((toast) => (
          <ToastView key={toast.id} toast={toast} toasts={toasts} />
        ))}
      </div>
    </div>
  );
}

function ToastView({ toast, toasts }: { readonly toast: Toast; readonly toasts: Toasts }) {
  const { id, kind, text, copyable, action } = toast;
  const remove = () => {
    toasts.remove(id);
    // The last one takes the focus with it.
    toasts.hold(false);
  };
  return (
    <div className="toast" data-kind={kind}>
      <p>
        <bdi>{text}</bdi>
        {copyable !== null && <code>{copyable}</code>}
      </p>
      {action !== null && (
        <button
          type="button"
          onClick={() => {
            remove();
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      {kind !== "working" && (
        <button type="button" className="menu-button" onClick={remove}>
          <X aria-hidden="true" size={16} />
          <span className="hidden">{texts.toasts.dismiss}</span>
        </button>
      )}
    </div>
  );
}
