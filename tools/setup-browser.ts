/** Runs before `npm test`: sees to a Chromium for the page's tests, and ends at once where one is. */
import { findBrowser, installBrowser } from "./test/browser.ts";

if (findBrowser() === null) installBrowser();
