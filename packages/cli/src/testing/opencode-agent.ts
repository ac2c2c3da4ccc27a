/**
 * OpenCode at work: writes its database as it does, a message and its parts at a time, parts changed
 * in place. For tests only.
 */
import { DatabaseSync } from "node:sqlite";

const schema = `
  create table session (id text primary key, project_id text not null, parent_id text,
    slug text not null, directory text not null, title text not null, version text not null,
    time_created integer not null, time_updated integer not null);
  create table message (id text primary key, session_id text not null,
    time_created integer not null, time_updated integer not null, data text not null);
  create table part (id text primary key, message_id text not null, session_id text not null,
    time_created integer not null, time_updated integer not null, data text not null);
  create index message_session on message (session_id);
  create index part_session on part (session_id);
  create index part_message on part (message_id);`;

/** An OpenCode that writes into one database. */
export class OpencodeAgent {
  readonly #db: DatabaseSync;
  readonly #directory: string;
  #count = 0;

  constructor(database: string, directory = "/home/dev/project") {
    this.#directory = directory;
    this.#db = new DatabaseSync(database);
    this.#db.exec(`pragma journal_mode = wal; ${schema}`);
  }

  /** Begins a session; a sub-agent's where it has a parent. */
  begin(sessionId: string, parentId: string | null = null): void {
    const now = Date.now();
    this.#db
      .prepare("insert into session values (?, 'prj', ?, 'quiet-fox', ?, ?, '1.2.0', ?, ?)")
      .run(sessionId, parentId, this.#directory, `Session ${sessionId}`, now, now);
  }

  /** A prompt; gives its id. */
  prompt(sessionId: string, text: string): string {
    this.#db.prepare("update session set time_updated = ? where id = ?").run(Date.now(), sessionId);
    const id = this.#message(sessionId, { role: "user", agent: "build" });
    this.#part(sessionId, id, { type: "text", text });
    return id;
  }

  /** An answer is being written: its message and a part without its end. */
  answerBegins(sessionId: string, text: string): { message: string; part: string } {
    const message = this.#message(sessionId, { role: "assistant", modelID: "m" });
    const part = this.#part(sessionId, message, { type: "text", text });
    return { message, part };
  }

  /** The part's text grows in place. */
  writes(part: string, text: string): void {
    const data = JSON.stringify({ type: "text", text });
    this.#db
      .prepare("update part set data = ?, time_updated = ? where id = ?")
      .run(data, Date.now(), part);
  }

  /** A call with its result, and the answer is done. */
  answerEnds(sessionId: string, message: string, finish: "stop" | "tool-calls"): void {
    const callID = `call_${message}`;
    const state = { status: "completed", input: { command: "ls" }, output: `of ${message}` };
    if (finish === "tool-calls")
      this.#part(sessionId, message, { type: "tool", callID, tool: "bash", state });
    const time = { created: Date.now(), completed: Date.now() };
    const data = JSON.stringify({ role: "assistant", modelID: "m", finish, time });
    this.#db
      .prepare("update message set data = ?, time_updated = ? where id = ?")
      .run(data, Date.now(), message);
  }

  /** One turn, whole: a prompt, an answer with a call, an answer. */
  turn(sessionId: string, text: string): void {
    this.prompt(sessionId, text);
    for (const finish of ["tool-calls", "stop"] as const) {
      const { message } = this.answerBegins(sessionId, `${finish} after ${text}`);
      this.answerEnds(sessionId, message, finish);
    }
  }

  /** A message of the session that no program can read. */
  damage(sessionId: string): void {
    const now = Date.now();
    this.#db
      .prepare("insert into message values (?, ?, ?, ?, ?)")
      .run(this.#id("msg"), sessionId, now, now, "{cut off");
    this.prompt(sessionId, "and on");
    this.answerEnds(sessionId, this.answerBegins(sessionId, "yes").message, "stop");
  }

  close(): void {
    this.#db.close();
  }

  #message(sessionId: string, fields: object): string {
    const id = this.#id("msg");
    const now = Date.now();
    const data = JSON.stringify({ ...fields, time: { created: now } });
    this.#db
      .prepare("insert into message values (?, ?, ?, ?, ?)")
      .run(id, sessionId, now, now, data);
    return id;
  }

  #part(sessionId: string, messageId: string, data: object): string {
    const id = this.#id("prt");
    const now = Date.now();
    this.#db
      .prepare("insert into part values (?, ?, ?, ?, ?, ?)")
      .run(id, messageId, sessionId, now, now, JSON.stringify(data));
    return id;
  }

  #id(kind: string): string {
    this.#count += 1;
    return `${kind}_${String(this.#count).padStart(8, "0")}`;
  }
}
