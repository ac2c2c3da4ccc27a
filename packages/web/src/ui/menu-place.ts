/** Where a menu opens: below its button, above where there is no room, never off the screen. Pure. */

type Box = { readonly left: number; readonly right: number; readonly top: number };
type Size = { readonly width: number; readonly height: number };

/** Pixels between button and menu, and between menu and the edge of the screen. */
const gap = 4;
const margin = 8;

/** The menu's left and top edge in pixels of the screen; its right edge is the button's if it fits. */
export function menuPlace(
  button: Box & { readonly bottom: number },
  menu: Size,
  screen: Size,
): { left: number; top: number } {
  const isLeftHalf = button.left + button.right < screen.width;
  const wanted = isLeftHalf ? button.left : button.right - menu.width;
  const left = clamp(wanted, margin, screen.width - menu.width - margin);
  const below = button.bottom + gap;
  const above = button.top - gap - menu.height;
  const isTooLow = below + menu.height > screen.height - margin;
  const top = clamp(isTooLow ? above : below, margin, screen.height - menu.height - margin);
  return { left, top };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
