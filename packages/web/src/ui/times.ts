/** Moments and durations as people read them, in their own time zone. Pure but for that. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** `14:05`, of milliseconds or a timestamp. */
export function clockTime(moment: number | string): string {
  return clock.format(new Date(moment));
}

/** The time of a moment of today, the day of an older one. `now` in milliseconds. */
export function shortTime(moment: string, now: number): string {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday ? clock.format(date) : day.format(date);
}

/** Day and time to the second, for titles. */
export function fullTime(moment: string): string {
  return full.format(new Date(moment));
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, of milliseconds. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
