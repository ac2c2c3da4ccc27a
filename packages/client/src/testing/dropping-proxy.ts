/**
 * A TCP proxy in front of a server, whose connections a test may cut at any moment: what is on its
 * way in either direction is lost, and neither side is told properly. Before that it may keep the
 * server's answers to itself. For tests only.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A running proxy. */
export type DroppingProxy = {
  readonly url: string;
  /** Cuts every open connection; new ones are taken at once. Gives how many there were. */
  readonly drop: () => number;
  /** From now on nothing the server says on the open connections arrives; what it hears does. */
  readonly mute: () => void;
  readonly close: () => Promise<void>;
};

/** Starts a proxy to a port of this machine. */
export async function startDroppingProxy(port: number): Promise<DroppingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((inner) => {
    const outer = connect({ port, host: "127.0.0.1" });
    const pair = [inner, outer] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const drop = () => {
    const open = [...pairs];
    for (const [inner, outer] of open) {
      inner.destroy();
      outer.destroy();
    }
    return open.length;
  };
  const mute = () => {
    for (const [inner, outer] of pairs) outer.unpipe(inner).resume();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      drop();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, drop, mute, close };
}
