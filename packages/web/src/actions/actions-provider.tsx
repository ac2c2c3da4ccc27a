/** Makes the actions of who is signed in, and shows their dialogs and messages above the page. */
import { type ReactNode, useEffect, useState } from "react";
import { useServices, useStore } from "../live/services.ts";
import { ToastRegion } from "../ui/toast-region.tsx";
import { type ActionDialog, Actions } from "./actions.ts";
import { CompactDialog } from "./compact-dialog.tsx";
import { DeleteDialog } from "./delete-dialog.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import { ActionsContext } from "./use-actions.ts";

/** Around everything that acts on threads. */
export function ActionsProvider({ children }: { readonly children: ReactNode }) {
  const services = useServices();
  const [actions] = useState(() => new Actions(services));
  const dialog = useStore(actions.dialog);
  useEffect(() => () => actions.close(), [actions]);
  return (
    <ActionsContext value={actions}>
      {children}
      {dialog !== null && <DialogOf dialog={dialog} onClose={() => actions.ask(null)} />}
      <ToastRegion toasts={actions.toasts} />
    </ActionsContext>
  );
}

function DialogOf({ dialog, onClose }: { dialog: ActionDialog; onClose: () => void }) {
  const { kind, thread } = dialog;
  const key = `${kind} ${thread.id}`;
  if (kind === "rename") return <RenameDialog key={key} thread={thread} onClose={onClose} />;
  if (kind === "delete") return <DeleteDialog key={key} thread={thread} onClose={onClose} />;
  return <CompactDialog key={key} thread={thread} onClose={onClose} />;
}
