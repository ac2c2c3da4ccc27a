/**
 * A sub-agent's file is read after what its session's own file tells of it, however the two are
 * heard of: its run then names the call that started it. With a real server and real files.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "@spool/server/testing/eventually";
import { liveClaudeFiles } from "../testing/live-sessions.ts";
import { SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

test("SRC7 a sub-agent's run names its call, though its file is heard of with the call's row or before", async () => {
  const watch = home.watch();
  await watch.printed('"type":"caught_up"');
  for (let number = 1; number <= 12; number += 1) {
    const id = `parent-${number}`;
    const [own, subAgent] = liveClaudeFiles(id, 3);
    assert.ok(own !== undefined && subAgent?.after !== undefined);
    const bytes = Buffer.from(own.text);
    // Nothing between the two: which of the folders tells first is the system's affair.
    home.path(subAgent.name);
    home.append(own.name, bytes.subarray(0, 200));
    home.append(own.name, bytes.subarray(200, subAgent.after.bytes));
    home.append(subAgent.name, subAgent.text);
    home.append(own.name, bytes.subarray(subAgent.after.bytes));
    const threadId = `thr_${id}_abc1`;
    const isThere = async () => (await home.events(threadId)).length > 0;
    await eventually(`${threadId} is there`, isThere, { withinMs: 30_000 });
    const [started] = await home.events(threadId);
    assert.equal(started?.payload.parentToolCallId, `${id}-c2`);
  }
});
