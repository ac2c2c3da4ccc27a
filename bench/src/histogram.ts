/** Latencies of one measurement, kept whole, so that percentiles are exact. */

/** Milliseconds in any order; eight bytes are kept for each. */
export class Histogram {
  #values: number[] = [];

  /** Takes one latency in milliseconds. */
  add(milliseconds: number): void {
    this.#values.push(milliseconds);
  }

  /** Latencies taken so far. */
  get count(): number {
    return this.#values.length;
  }

  /** The value below which the fraction lies, 0.5 for the median; milliseconds. */
  quantile(fraction: number): number {
    const sorted = Float64Array.from(this.#values).sort();
    const at = Math.min(sorted.length - 1, Math.floor(sorted.length * fraction));
    return sorted[at] ?? Number.NaN;
  }
}
