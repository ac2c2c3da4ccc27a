/**
 * The client of a Spool server: every REST route as a typed call. Errors are `SpoolError`s. Runs
 * in Node and in browsers, on their `fetch` alone; the live stream is `subscription.ts`, publishing
 * much at once `batch-publisher.ts`, both on top of this.
 */
import type { Batch, PublishAnswer } from "@spool/protocol/publish";
import type { RegisteredRun, RegisterRun } from "@spool/protocol/requests";
import { AccountRoutes } from "./account-routes.ts";
import { HistoryRoutes } from "./history-routes.ts";
import { type CallOptions, type ConnectionOptions, HttpTransport } from "./http-transport.ts";
import { OperationsRoutes } from "./operations-routes.ts";
import { ThreadRoutes, threadPath } from "./thread-routes.ts";

/** A batch of one thread and run, or of frames without a run (PUB2, PUB10). */
export type PublishBatch = Omit<Batch, "threadId"> & { readonly threadId: string };

/** A batch that is JSON in UTF-8 already; the rest is for whoever keeps count. */
export type EncodedBatch = {
  readonly threadId: string;
  readonly runId: string;
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Calls of one connection. Stateless: make one and share it. */
export class SpoolClient {
  readonly threads: ThreadRoutes;
  readonly history: HistoryRoutes;
  readonly account: AccountRoutes;
  readonly operations: OperationsRoutes;
  /** The exchange below the calls; the live stream takes address and credential from it. */
  readonly http: HttpTransport;

  /** Sends nothing yet. Throws a TypeError for a `url` that is none. */
  constructor(options: ConnectionOptions) {
    this.http = new HttpTransport(options);
    this.threads = new ThreadRoutes(this.http);
    this.history = new HistoryRoutes(this.http);
    this.account = new AccountRoutes(this.http);
    this.operations = new OperationsRoutes(this.http);
  }

  /**
   * Publishes a batch, all or nothing; resolves once its durable frames are on stable storage
   * (LOG1). With `runSequence` on the frames it may be sent again at any time (PUB4).
   */
  publish(batch: PublishBatch, options: CallOptions = {}): Promise<PublishAnswer> {
    return this.#post("/v1/thread-events", batch, options);
  }

  /** As `publish`, for a batch that is bytes already. */
  async publishEncoded({ bytes }: EncodedBatch, options: CallOptions = {}): Promise<PublishAnswer> {
    const path = "/v1/thread-events";
    const upload = { type: "application/json", body: bytes };
    const request = { ...options, method: "POST", path, upload } as const;
    return (await this.http.json<PublishAnswer>(request)).data;
  }

  /** As `publish`, but refuses transient frames with TRANSIENT_NOT_ALLOWED (REST12). */
  publishDurable(batch: PublishBatch, options: CallOptions = {}): Promise<PublishAnswer> {
    return this.#post(`${threadPath(batch.threadId)}/events`, batch, options);
  }

  /**
   * Registers a run, in a thread that is made where it is new, with its prompt (RUN17). With a
   * `runId` it may be asked again. A `Publisher` goes on from it through `resumeFrom`.
   */
  startRun(body: RegisterRun = {}, options: CallOptions = {}): Promise<RegisteredRun> {
    return this.#post("/v1/run", body, options);
  }

  async #post<Data>(path: string, body: object, options: CallOptions): Promise<Data> {
    const request = { ...options, method: "POST", path, body } as const;
    return (await this.http.json<Data>(request)).data;
  }
}
