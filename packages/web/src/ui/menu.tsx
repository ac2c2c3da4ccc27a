/**
 * A button with a menu, in the top layer so that no pane cuts it off. Arrow keys, Home, End and
 * first letters move, Escape and Tab close, and the focus goes back to the button before anything
 * is done. Its content is made only while it is open.
 */
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  type ToggleEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { menuPlace } from "./menu-place.ts";
import "./menu.css";

type Props = {
  /** What the button is called, where its content does not say so. */
  readonly label: string;
  readonly button: ReactNode;
  readonly className?: string;
  readonly tabIndex?: number | undefined;
  /** Above the items, not one of them. */
  readonly head?: ReactNode;
  /** `MenuItem`s and `MenuLink`s. */
  readonly children: ReactNode;
};

/** The button; `children` are shown while it is open. */
export function Menu({ label, button, className = "", tabIndex, head, children }: Props) {
  const id = useId();
  const trigger = useRef<HTMLButtonElement>(null);
  const popup = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  usePlacement(isOpen, trigger, popup);
  return (
    <>
      <button
        ref={trigger}
        type="button"
        className={`menu-button ${className}`}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={label}
        title={label}
        tabIndex={tabIndex}
        popoverTarget={id}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          event.stopPropagation();
          popup.current?.showPopover();
        }}
      >
        {button}
      </button>
      <div
        ref={popup}
        id={id}
        popover="auto"
        className="menu"
        onToggle={(event: ToggleEvent) => setOpen(event.newState === "open")}
      >
        {isOpen && head}
        {isOpen && (
          <div
            role="menu"
            tabIndex={-1}
            aria-label={label}
            onKeyDown={(event) => onMenuKey(event, () => popup.current?.hidePopover())}
            onClick={() => {
              popup.current?.hidePopover();
              trigger.current?.focus();
            }}
          >
            {children}
          </div>
        )}
      </div>
    </>
  );
}

type ItemProps = {
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  readonly onSelect: () => void;
};

/** One thing to do; the menu is closed when `onSelect` is called. */
export function MenuItem({ icon, children, isDanger, isDisabled, onSelect }: ItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className="menu-item"
      data-danger={isDanger}
      aria-disabled={isDisabled}
      onClick={(event) => {
        // The menu closes and gives the focus back first, so that a dialog can give it back too.
        if (isDisabled) event.stopPropagation();
        else queueMicrotask(onSelect);
      }}
    >
      {icon}
      <span>{children}</span>
    </button>
  );
}

type LinkProps = {
  readonly href: string;
  readonly onClick: (event: MouseEvent) => void;
  readonly isCurrent?: boolean;
  readonly children: ReactNode;
};

/** One place to go to: a real link, so that it can be opened elsewhere. */
export function MenuLink({ href, onClick, isCurrent, children }: LinkProps) {
  return (
    <a
      role="menuitem"
      tabIndex={-1}
      className="menu-item"
      aria-current={isCurrent ? "page" : undefined}
      href={href}
      onClick={onClick}
    >
      <span>{children}</span>
    </a>
  );
}

/** Keeps the open popup beside its button and the focus in it; closes it when the page moves. */
function usePlacement(
  isOpen: boolean,
  trigger: RefObject<HTMLElement | null>,
  popup: RefObject<HTMLElement | null>,
): void {
  useEffect(() => {
    const [button, shown] = [trigger.current, popup.current];
    if (!isOpen || button === null || shown === null) return;
    const menu = shown.querySelector<HTMLElement>('[role="menu"]');
    const place = () => {
      settle(button, shown);
      // Items that came later: the focus waits for the first of them.
      if (menu !== null && document.activeElement === menu) focusItem(menu, 0);
    };
    menu?.focus();
    place();
    const sizes = new ResizeObserver(place);
    sizes.observe(shown);
    const close = (event: Event) => {
      if (!(event.target instanceof Node && shown.contains(event.target))) shown.hidePopover();
    };
    window.addEventListener("resize", close);
    window.addEventListener("scroll", close, true);
    return () => {
      sizes.disconnect();
      window.removeEventListener("resize", close);
      window.removeEventListener("scroll", close, true);
    };
  }, [isOpen, trigger, popup]);
}

/** Puts the popup beside its button. */
function settle(trigger: HTMLElement, popup: HTMLElement): void {
  const { innerWidth: width, innerHeight: height } = window;
  const { offsetWidth, offsetHeight } = popup;
  const size = { width: offsetWidth, height: offsetHeight };
  const { left, top } = menuPlace(trigger.getBoundingClientRect(), size, { width, height });
  popup.style.left = `${left}px`;
  popup.style.top = `${top}px`;
}

function itemsOf(menu: Element): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
}

function focusItem(menu: Element, index: number): void {
  const items = itemsOf(menu);
  items.at(index % Math.max(items.length, 1))?.focus();
}

/** Keys stay in the menu: what is around it has keys of its own. */
function onMenuKey(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  const { key, currentTarget: menu } = event;
  event.stopPropagation();
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = indexAfter(key, { at, labels: items.map((item) => item.textContent ?? "") });
  if (key === "Tab") close();
  if (to === null) return;
  event.preventDefault();
  items[to]?.focus();
}

function indexAfter(
  key: string,
  { at, labels }: { at: number; labels: readonly string[] },
): number | null {
  const { length: count } = labels;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return at <= 0 ? count - 1 : at - 1;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key.length !== 1 || key === " ") return null;
  const letter = key.toLowerCase();
  const order = labels.map((_, index) => (at + 1 + index) % count);
  return order.find((index) => labels[index]?.toLowerCase().startsWith(letter)) ?? null;
}
