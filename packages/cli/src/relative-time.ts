/**
 * How long ago something was, for people. Used by tables on a terminal.
 */

const steps = [
  { below: 60, unit: 1, name: "s" },
  { below: 3_600, unit: 60, name: "min" },
  { below: 86_400, unit: 3_600, name: "h" },
  { below: 14 * 86_400, unit: 86_400, name: "d" },
] as const;

/** Such as `now`, `5 min ago`, `3 d ago`; after two weeks the date. `now` in ms since the epoch. */
export function relativeTime(time: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1_000);
  // Also for clocks that are a little ahead of this one.
  if (seconds < 5) return "now";
  for (const { below, unit, name } of steps) {
    if (seconds < below) return `${Math.floor(seconds / unit)} ${name} ago`;
  }
  return time.slice(0, 10);
}
