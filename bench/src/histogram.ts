/** Latencies of one measurement, kept whole, so that percentiles are exact. */

export class Histogram {
  #values: number[] = [];

  /** Takes one latency in milliseconds. */
  add(milliseconds: number): void {
    this.#values.push(milliseconds);
  }

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
