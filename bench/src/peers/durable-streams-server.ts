/**
 * The process of the peer: Durable Streams' Node server with its file storage, in the folder that is
 * given, on a free port of loopback, which it tells its parent. Ends when the parent does.
 *
 * The server itself keeps 100 files open, and with more streams than that answers part of the
 * appends with 404, since their file was closed before the flush; its store takes the number.
 */
import { DurableStreamTestServer, FileBackedStreamStore } from "@durable-streams/server";

/** More than the streams of any measurement. */
const maxFileHandles = 512;

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("name the folder for the data");
process.on("disconnect", () => process.exit(0));
const server = new DurableStreamTestServer({ port: 0 });
Object.assign(server, { store: new FileBackedStreamStore({ dataDir, maxFileHandles }) });
process.send?.(Number(new URL(await server.start()).port));
