/** Signs in over a test server and gives what a browser would send from then on. */
import { strict as assert } from "node:assert";
import type { TestRequest, TestResponse, TestServer } from "./test-server.ts";

/** A browser that is signed in, as the server's own page has it. */
export type Browser = {
  /** `spool_session=…`, for a Cookie header. */
  readonly cookie: string;
  /** The cookie with its attributes, as it was set. */
  readonly setCookie: string;
  /** A request of the page: with its cookie and, unless `headers` say else, its Origin. */
  request(method: string, path: string, more?: TestRequest): Promise<TestResponse>;
};

/** Tries to sign in from the server's own page. */
export function trySignIn(
  server: TestServer,
  body: unknown,
  more: TestRequest = {},
): Promise<TestResponse> {
  const headers = { Origin: server.url, ...more.headers };
  return server.request("POST", "/v1/sign-in", { ...more, body, headers });
}

/** Signs in with `key`, by default the owner's. */
export async function signIn(server: TestServer, key = server.keys.owner): Promise<Browser> {
  return browserOf(server, await trySignIn(server, { key }));
}

/** The browser that got `answer` to its sign-in. */
export function browserOf(server: TestServer, answer: TestResponse): Browser {
  assert.equal(answer.status, 204, answer.bytes.toString());
  const [setCookie = ""] = answer.headers["set-cookie"] ?? [];
  const cookie = setCookie.split(";")[0] as string;
  return {
    cookie,
    setCookie,
    request: (method, path, more = {}) => {
      const headers = { Cookie: cookie, Origin: server.url, ...more.headers };
      return server.request(method, path, { ...more, headers });
    },
  };
}
