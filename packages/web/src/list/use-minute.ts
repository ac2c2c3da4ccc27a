/** The time for relative times: the minute that runs, shown anew when it is over. */
import { useEffect, useState } from "react";

const minuteMs = 60_000;

/** The beginning of the minute, in milliseconds. */
export function useMinute(): number {
  const [minute, setMinute] = useState(currentMinute);
  useEffect(() => {
    const untilNext = Math.max(0, minute + minuteMs - Date.now());
    const timer = setTimeout(() => setMinute(currentMinute()), untilNext + 1);
    return () => clearTimeout(timer);
  }, [minute]);
  return minute;
}

function currentMinute(): number {
  return Math.floor(Date.now() / minuteMs) * minuteMs;
}
