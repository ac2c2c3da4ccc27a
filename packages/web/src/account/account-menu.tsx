/** Who is signed in, where else, and the way out. */
import { SpoolError } from "@spool/client/spool-error";
import type { Me } from "@spool/protocol/resources";
import { CircleUser, Keyboard, LogOut, MonitorSmartphone } from "lucide-react";
import { useState } from "react";
import { refusalText } from "../actions/refusal-text.ts";
import { useActions } from "../actions/use-actions.ts";
import { ShortcutsDialog } from "../layout/shortcuts-dialog.tsx";
import { useServices } from "../live/services.ts";
import { texts } from "../texts.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { SignInsDialog } from "./sign-ins-dialog.tsx";
import "./account.css";

const icon = { "aria-hidden": true, size: 16 } as const;

/** In the page's bar. */
export function AccountMenu({ me }: { readonly me: Me }) {
  const { session } = useServices();
  const { toasts } = useActions();
  const [dialog, setDialog] = useState<"sign-ins" | "shortcuts" | null>(null);
  const close = () => setDialog(null);
  const signOut = async () => {
    try {
      await session.signOut();
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      toasts.refuse(refusalText(error));
    }
  };
  return (
    <>
      <Menu
        label={texts.account.menu(me.userId)}
        className="account-button"
        button={<CircleUser aria-hidden="true" size={20} />}
        head={<Who me={me} />}
      >
        <MenuItem icon={<MonitorSmartphone {...icon} />} onSelect={() => setDialog("sign-ins")}>
          {texts.account.signIns}
        </MenuItem>
        <MenuItem icon={<Keyboard {...icon} />} onSelect={() => setDialog("shortcuts")}>
          {texts.account.shortcuts}
        </MenuItem>
        <hr className="menu-line" />
        <MenuItem icon={<LogOut {...icon} />} onSelect={() => void signOut()}>
          {texts.account.signOut}
        </MenuItem>
      </Menu>
      {dialog === "sign-ins" && <SignInsDialog onClose={close} />}
      {dialog === "shortcuts" && <ShortcutsDialog onClose={close} />}
    </>
  );
}

function Who({ me }: { readonly me: Me }) {
  return (
    <div className="menu-head who">
      <strong>
        <bdi>{me.userId}</bdi>
      </strong>
      <span className="faint">
        <bdi>{me.orgId}</bdi> · {texts.account.roles[me.role]}
      </span>
    </div>
  );
}
