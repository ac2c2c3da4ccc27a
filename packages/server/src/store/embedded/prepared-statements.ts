/**
 * SQL of one connection, prepared once and kept by its text. For the few statements that a reader or
 * writer of tables has; text made anew for each call would pile up. Throws what SQLite throws.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The statements of a connection, which stays its owner's to close. */
export class PreparedStatements {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The statement with this text. */
  of(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
