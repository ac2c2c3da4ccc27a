/**
 * `/metrics` (REST16): requests, durations and gauges of the server's parts beside prom-client's own
 * figures of the process. prom-client is loaded at the first scrape. Nothing a client sent becomes a
 * label.
 */
import type { Metric, Registry } from "prom-client";
import { durationBuckets } from "../limits.ts";
import type { RequestCounters, RouteCounter } from "./request-counters.ts";

/** A figure that is read when somebody asks for it. */
export type Figure = {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly read: () => number;
};

/** Metrics as text, and the media type that text has. */
export type MetricsText = { readonly contentType: string; readonly text: string };

type Sample = {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
};

/** A writer of all metrics. */
export function createMetrics(parts: {
  readonly counters: RequestCounters;
  readonly figures: readonly Figure[];
}): () => Promise<MetricsText> {
  let registry: Promise<Registry> | null = null;
  return async () => {
    registry ??= openRegistry(parts.counters, parts.figures);
    const opened = await registry;
    return { contentType: opened.contentType, text: await opened.metrics() };
  };
}

async function openRegistry(
  counters: RequestCounters,
  figures: readonly Figure[],
): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  register(registry, "spool_http_requests_total", {
    type: "counter",
    help: "Answers by route and status code",
    samples: () => counters.routes.flatMap(statusSamples),
  });
  register(registry, "spool_http_request_duration_seconds", {
    type: "histogram",
    help: "Seconds from a request's head to its answer, by route",
    samples: () => counters.routes.filter(isUsed).flatMap(durationSamples),
  });
  for (const { name, help, type, read } of figures) {
    register(registry, name, { type, help, samples: () => [{ labels: {}, value: read() }] });
  }
  return registry;
}

/** The registry prints whatever has `get`; its own classes count, which is done elsewhere here. */
function register(
  registry: Registry,
  name: string,
  metric: { type: string; help: string; samples: () => Sample[] },
): void {
  const { type, help, samples } = metric;
  const get = async () => ({ name, type, help, values: samples(), aggregator: "sum" });
  registry.registerMetric({ name, get } as unknown as Metric);
}

function isUsed(counter: RouteCounter): boolean {
  return counter.byStatus.size > 0;
}

function statusSamples({ route, byStatus }: RouteCounter): Sample[] {
  return [...byStatus].map(([code, value]) => ({ labels: { route, code }, value }));
}

function durationSamples({ route, buckets, seconds }: RouteCounter): Sample[] {
  const name = "spool_http_request_duration_seconds";
  let total = 0;
  const samples: Sample[] = [];
  for (const [index, count] of buckets.entries()) {
    total += count;
    const le = durationBuckets[index] ?? "+Inf";
    samples.push({ metricName: `${name}_bucket`, labels: { le, route }, value: total });
  }
  samples.push({ metricName: `${name}_sum`, labels: { route }, value: seconds });
  samples.push({ metricName: `${name}_count`, labels: { route }, value: total });
  return samples;
}
