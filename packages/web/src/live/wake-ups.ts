/**
 * When a connection may have died unnoticed, or may come back: the network is there again, the page
 * is looked at again, the machine slept. Used by `Connection`.
 */

/** How often the clock is looked at, and how late that may come, in milliseconds. */
const tickMs = 2_000;
const lateMs = 4_000;

/**
 * Calls `listener` at each such moment, until the function that is returned is called. Sleep is
 * noticed by a timer that fires late, which in a hidden page happens without sleep as well.
 */
export function onWakeUp(window: Window, listener: () => void): () => void {
  const { document } = window;
  let tickedAt = Date.now();
  const onTick = () => {
    const now = Date.now();
    const isLate = now - tickedAt > tickMs + lateMs;
    tickedAt = now;
    if (isLate) listener();
  };
  const onVisibility = () => {
    if (document.visibilityState === "visible") listener();
  };
  const timer = setInterval(onTick, tickMs);
  window.addEventListener("online", listener);
  window.addEventListener("pageshow", listener);
  document.addEventListener("visibilitychange", onVisibility);
  return () => {
    clearInterval(timer);
    window.removeEventListener("online", listener);
    window.removeEventListener("pageshow", listener);
    document.removeEventListener("visibilitychange", onVisibility);
  };
}
