/**
 * Shortens a `User-Agent` to what a person needs to tell their browsers apart (AUTH25). Pure; called
 * once per sign-in. What it gives is short text without control characters, and a hint only.
 */

const charactersMax = 60;

/** The first that fits names the browser: those built upon others come before them. */
const browsers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+).*\bSafari\//, "Safari"],
];

const systems: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** Such as `Firefox 141 on Linux`; what is not known is cut to 60 characters; null without one. */
export function shortUserAgent(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null;
  const browser = nameOf(browsers, userAgent);
  const system = nameOf(systems, userAgent);
  if (browser !== null) return system === null ? browser : `${browser} on ${system}`;
  const text = userAgent.replaceAll(/[^\x20-\x7e]+/g, " ").trim();
  return text === "" ? null : text.slice(0, charactersMax);
}

function nameOf(table: typeof browsers, userAgent: string): string | null {
  for (const [pattern, name] of table) {
    const match = pattern.exec(userAgent);
    if (match !== null) return match[1] === undefined ? name : `${name} ${match[1]}`;
  }
  return null;
}
