/**
 * How the page is built: one entry, parts that are not needed at first in files of their own, and
 * nothing that the server's Content-Security-Policy would refuse (WEB2): no inline script, style or
 * worker. Used by `build-page.ts` and by `npm run dev` of this package.
 */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server that `npm run dev` asks, with its page's own origin. */
const server = "http://127.0.0.1:4646";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: "es2022",
    // Inlined files would be `data:` addresses, which the policy allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { "/v1": { target: server, ws: true, headers: { origin: server } } },
  },
});
