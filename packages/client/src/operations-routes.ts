/**
 * What operators and tools ask a server, without a credential: is it alive, is it ready, its
 * metrics, its description. Reached as `client.operations`.
 */
import type { CallOptions, HttpTransport } from "./http-transport.ts";

/** The routes outside `/v1`. */
export class OperationsRoutes {
  readonly #http: HttpTransport;

  constructor(http: HttpTransport) {
    this.#http = http;
  }

  /** Resolves when the process lives (REST15); throws SpoolError otherwise. */
  async health(options: CallOptions = {}): Promise<void> {
    await this.#text("/healthz", options);
  }

  /** Resolves when the server takes traffic (REST15); throws SpoolError otherwise. */
  async ready(options: CallOptions = {}): Promise<void> {
    await this.#text("/readyz", options);
  }

  /** The metrics in Prometheus' text format (REST16). */
  metrics(options: CallOptions = {}): Promise<string> {
    return this.#text("/metrics", options);
  }

  /** The OpenAPI 3.1 description (REST17). */
  async openApi(options: CallOptions = {}): Promise<unknown> {
    return JSON.parse(await this.#text("/openapi.json", options));
  }

  /** The public keys of the tokens this server mints, as a JSON Web Key Set (AUTH10). */
  async keySet(options: CallOptions = {}): Promise<unknown> {
    return JSON.parse(await this.#text("/.well-known/jwks.json", options));
  }

  async #text(path: string, options: CallOptions): Promise<string> {
    return (await this.#http.send({ ...options, path, headers: { accept: "*/*" } })).text();
  }
}
