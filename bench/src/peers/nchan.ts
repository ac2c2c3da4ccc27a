/**
 * Nchan (nginx, C): the same fan-out, one channel, 500 WebSocket subscribers, one publisher. Started
 * with a configuration of its own and ended with the measurement.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure.ts";
import { maskedFrame, RawSocket } from "../raw-socket.ts";
import { fanOutName } from "../scenarios/fan-out.ts";
import { ended, endsWithBench, freePort, listening } from "../started-process.ts";
import { nchanModule } from "./installed.ts";

const watchers = 500;

/** Deliveries per second of Nchan, as fast as its publisher is answered. */
export async function measureNchan(folder: string, seconds: number): Promise<Figure> {
  fs.mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = path.join(folder, "nginx.conf");
  fs.writeFileSync(config, configOf(folder, port));
  // Killed, its master would leave the workers behind.
  const nginx = endsWithBench(
    spawn("nginx", ["-c", config, "-p", folder], { stdio: "ignore" }),
    "SIGTERM",
  );
  try {
    await listening(port);
    const deliveries = await fanOut(port, seconds);
    return {
      name: "peer: Nchan, live fan-out, as fast as it goes",
      value: deliveries,
      unit: "deliveries/s",
      p50Ms: null,
      p99Ms: null,
      goal: null,
      note: `${watchers} watchers of one channel, one nginx worker`,
      versus: fanOutName,
    };
  } finally {
    await ended(nginx);
  }
}

async function fanOut(port: number, seconds: number): Promise<number> {
  const open = (target: string, onFrame: () => void) => {
    return RawSocket.open({ port, path: target, key: null, onFrame });
  };
  const sockets = await Promise.all(
    Array.from({ length: watchers }, () => open("/sub", () => undefined)),
  );
  // Of the length that a delta of the other fan-out has on the wire.
  const message = maskedFrame("x".repeat(220));
  let isOver = false;
  const publisher: RawSocket = await open("/pub", () => {
    if (!isOver) publisher.sendBytes(message);
  });
  for (let at = 0; at < 80; at += 1) publisher.sendBytes(message);
  await sleep(seconds * 200);
  const counted = () => sockets.reduce((sum, { frames }) => sum + frames, 0);
  const before = counted();
  const start = performance.now();
  await sleep(seconds * 1_000);
  const deliveries = (counted() - before) / ((performance.now() - start) / 1_000);
  isOver = true;
  for (const socket of [...sockets, publisher]) socket.close();
  return deliveries;
}

function configOf(folder: string, port: number): string {
  return `load_module ${nchanModule};
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off; nchan_shared_memory_size 256M; client_body_temp_path ${folder};
  proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port};
    location = /sub { nchan_subscriber websocket; nchan_channel_id bench; nchan_message_buffer_length 100; }
    location = /pub { nchan_publisher websocket; nchan_channel_id bench; nchan_message_buffer_length 100; }
  }
}
`;
}
