/** A menu is wholly on the screen wherever its button stands (WEB30). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { menuPlace } from "./menu-place.ts";

const screen = { width: 360, height: 640 };
const menu = { width: 200, height: 300 };
const buttonAt = (left: number, top: number) => ({
  left,
  right: left + 40,
  top,
  bottom: top + 40,
});

test("WEB30 a menu opens below its button, above where there is no room", () => {
  assert.deepEqual(menuPlace(buttonAt(20, 10), menu, screen), { left: 20, top: 54 });
  assert.deepEqual(menuPlace(buttonAt(310, 10), menu, screen), { left: 150, top: 54 });
  assert.deepEqual(menuPlace(buttonAt(310, 590), menu, screen), { left: 150, top: 286 });
});

test("WEB30 a menu never leaves the screen", () => {
  for (let left = 0; left <= 320; left += 20) {
    for (let top = 0; top <= 600; top += 20) {
      const place = menuPlace(buttonAt(left, top), menu, screen);
      assert.ok(place.left >= 8 && place.left + menu.width <= 352, `${left} ${top}`);
      assert.ok(place.top >= 8 && place.top + menu.height <= 632, `${left} ${top}`);
    }
  }
  // Larger than the screen: its beginning is seen.
  assert.deepEqual(menuPlace(buttonAt(0, 0), { width: 900, height: 900 }, screen), {
    left: 8,
    top: 8,
  });
});
