/** Shows or hides `custom` records, for wherever a thread's choices stand. */
import { texts } from "../texts.ts";
import { setShowsCustom, useShowsCustom } from "./shows-custom.ts";

/** A labelled checkbox. */
export function CustomSwitch() {
  const isShown = useShowsCustom();
  return (
    <label className="custom-switch">
      <input
        type="checkbox"
        checked={isShown}
        onChange={(event) => setShowsCustom(event.currentTarget.checked)}
      />
      {texts.items.showCustom}
    </label>
  );
}
