/** Every row of the tables of a data directory, in a fixed order, to be compared. For tests. */
import { DatabaseSync } from "node:sqlite";
import { viewFile } from "../store/embedded/data-paths.ts";

const tables = {
  agent_threads: "org_id, thread_id",
  thread_rollouts: "org_id, thread_id, rollout_index",
  thread_runs: "org_id, thread_id, run_id",
  thread_messages: "org_id, thread_id, sequence",
};

/** Rows by table. The store must be closed. */
export function dumpView(dataDir: string): Record<string, unknown[]> {
  const db = new DatabaseSync(viewFile(dataDir));
  try {
    return Object.fromEntries(
      Object.entries(tables).map(([table, order]) => {
        const rows = db.prepare(`select * from ${table} order by ${order}`).all();
        return [table, rows.map((row) => ({ ...row }))];
      }),
    );
  } finally {
    db.close();
  }
}
