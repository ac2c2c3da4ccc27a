/**
 * A port that is free, for a server that must be found again after a restart. For tests only.
 */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** The port's number; somebody else may take it before it is used. */
export function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
