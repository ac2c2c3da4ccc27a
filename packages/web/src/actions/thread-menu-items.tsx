/**
 * What can be done with a thread, as items of a menu: shorter in a row, whole in its head. An admin
 * on somebody else's thread gets what an admin may do.
 */
import type { Thread } from "@spool/protocol/resources";
import {
  Archive,
  ArchiveRestore,
  CircleStop,
  Copy,
  Download,
  FoldVertical,
  Link2,
  Pencil,
  Trash2,
} from "lucide-react";
import { useServices } from "../live/services.ts";
import { threadPlace } from "../routing/address.ts";
import { texts } from "../texts.ts";
import { CustomMenuItem } from "../ui/custom-menu-item.tsx";
import { MenuItem } from "../ui/menu.tsx";
import { useActions, useIsOwn, usePending } from "./use-actions.ts";

type Props = { readonly thread: Thread; readonly isWhole: boolean };

const icon = { "aria-hidden": true, size: 16 } as const;

/** Inside a `Menu`. Compacting and exporting are the owner's alone. */
export function ThreadMenuItems({ thread, isWhole }: Props) {
  const actions = useActions();
  const isOwn = useIsOwn(thread);
  const { archived } = thread;
  const Box = archived ? ArchiveRestore : Archive;
  return (
    <>
      {thread.activeRunId !== null && <CancelItem thread={thread} />}
      <MenuItem
        icon={<Pencil {...icon} />}
        onSelect={() => actions.ask({ kind: "rename", thread })}
      >
        {texts.actions.rename}
      </MenuItem>
      <MenuItem
        icon={<Box {...icon} />}
        onSelect={() => void actions.setArchived(thread, !archived)}
      >
        {archived ? texts.actions.unarchive : texts.actions.archive}
      </MenuItem>
      {isWhole && isOwn && <OwnerItems thread={thread} />}
      {isWhole && isOwn && <CustomMenuItem />}
      {isWhole && <CopyItems thread={thread} />}
      <hr className="menu-line" />
      <MenuItem
        icon={<Trash2 {...icon} />}
        isDanger
        onSelect={() => actions.ask({ kind: "delete", thread })}
      >
        {texts.actions.delete}
      </MenuItem>
    </>
  );
}

function CancelItem({ thread }: { readonly thread: Thread }) {
  const actions = useActions();
  const isPending = usePending("cancel", thread.id);
  return (
    <MenuItem
      icon={<CircleStop {...icon} />}
      isDisabled={isPending}
      onSelect={() => void actions.cancelRun(thread)}
    >
      {isPending ? texts.actions.cancelling : texts.actions.cancelRun}
    </MenuItem>
  );
}

function OwnerItems({ thread }: { readonly thread: Thread }) {
  const actions = useActions();
  const isExporting = usePending("export", thread.id);
  return (
    <>
      <MenuItem
        icon={<FoldVertical {...icon} />}
        onSelect={() => actions.ask({ kind: "compact", thread })}
      >
        {texts.actions.compact}
      </MenuItem>
      <MenuItem
        icon={<Download {...icon} />}
        isDisabled={isExporting}
        onSelect={() => void actions.export(thread)}
      >
        {texts.actions.export}
      </MenuItem>
    </>
  );
}

function CopyItems({ thread }: { readonly thread: Thread }) {
  const actions = useActions();
  const { address } = useServices();
  const link = () => new URL(address.hrefOf(threadPlace(thread.id)), window.location.origin);
  return (
    <>
      <MenuItem icon={<Link2 {...icon} />} onSelect={() => void actions.copy(link().href)}>
        {texts.actions.copyLink}
      </MenuItem>
      <MenuItem icon={<Copy {...icon} />} onSelect={() => void actions.copy(thread.id)}>
        {texts.actions.copyId}
      </MenuItem>
    </>
  );
}
