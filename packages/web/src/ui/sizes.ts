/** Sizes as people read them. Pure. */

const units = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** `512 bytes`, `12.3 KB`, `1.5 GB`; a KB is 1,000 bytes. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 99.95 ? 1 : 0)} ${units[unit]}`;
}
