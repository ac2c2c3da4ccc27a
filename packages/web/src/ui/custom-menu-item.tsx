/** Shows or hides `custom` records (WEB28), for the menu of an open thread. */
import { Database } from "lucide-react";
import { texts } from "../texts.ts";
import { MenuItem } from "./menu.tsx";
import { setShowsCustom, useShowsCustom } from "./shows-custom.ts";

/** Inside a `Menu`; says what it will do. */
export function CustomMenuItem() {
  const isShown = useShowsCustom();
  return (
    <MenuItem
      icon={<Database aria-hidden="true" size={16} />}
      onSelect={() => setShowsCustom(!isShown)}
    >
      {isShown ? texts.items.hideCustom : texts.items.showCustom}
    </MenuItem>
  );
}
