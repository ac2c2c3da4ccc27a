/**
 * Reads what a client sends up a socket (LIVE15, LIVE17, LIVE24). Pure; throws the DomainError that
 * refuses it. The body of a publish is checked by the protocol's own parser.
 */
import { DomainError } from "@spool/protocol/errors";
import { type PublishRequest, parsePublishMessage } from "@spool/protocol/publish-parser";
import {
  type MessageId,
  publishMessagesMax,
  SubscribeListMessage,
  SubscribeMessage,
  UnsubscribeListMessage,
  UnsubscribeMessage,
} from "@spool/protocol/socket-messages";
import { validatorOf } from "@spool/protocol/validator";
import { parseAfter, type WatchOptions } from "./watch-query.ts";

/** A message, parsed; `publish` is checked later, so that its refusal can be told apart by id. */
export type UpMessage =
  | { readonly kind: "publish"; readonly body: Record<string, unknown> }
  | { readonly kind: "subscribe"; readonly threadId: string; readonly options: WatchOptions }
  | { readonly kind: "subscribe_list" }
  | { readonly kind: "unsubscribe"; readonly threadId: string }
  | { readonly kind: "unsubscribe_list" };

const checkSubscribe = validatorOf(SubscribeMessage);
const checkSubscribeList = validatorOf(SubscribeListMessage);
const checkUnsubscribe = validatorOf(UnsubscribeMessage);
const checkUnsubscribeList = validatorOf(UnsubscribeListMessage);

/** The JSON values in a text: one message, or the publish messages of an array. */
export function splitMessages(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("A message must be JSON.");
  }
  if (!Array.isArray(value)) return [value];
  if (value.length > publishMessagesMax) {
    throw invalid(`An array holds at most ${publishMessagesMax} messages.`);
  }
  const isPublish = (one: unknown) => (one as { type?: unknown } | null)?.type === "publish";
  if (!value.every(isPublish)) throw invalid("An array may hold publish messages only.");
  return value;
}

/** The id a client gave its message, if it is one that can be given back. */
export function messageIdOf(value: unknown): MessageId | undefined {
  const id = (value as { id?: unknown } | null)?.id;
  if (typeof id === "string" && id.length > 0 && id.length <= 128) return id;
  return typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}

/** What kind of message it is, checked but for the body of a publish. */
export function parseUpMessage(value: unknown): UpMessage {
  if (typeof value !== "object" || value === null) throw invalid("A message is a JSON object.");
  const message = value as Record<string, unknown>;
  const isList = message.list !== undefined;
  switch (message.type) {
    case "publish":
      return { kind: "publish", body: message };
    case "subscribe":
      if (isList) {
        check(checkSubscribeList, message);
        return { kind: "subscribe_list" };
      }
      check(checkSubscribe, message);
      return { kind: "subscribe", ...subscription(message as SubscribeMessage) };
    case "unsubscribe":
      check(isList ? checkUnsubscribeList : checkUnsubscribe, message);
      if (isList) return { kind: "unsubscribe_list" };
      return { kind: "unsubscribe", threadId: message.threadId as string };
    default:
      throw invalid("A message's type is publish, subscribe or unsubscribe.");
  }
}

/** The batch of a publish message. `ownThreadId` is the socket's thread, null where it has none. */
export function publishOf(
  body: Record<string, unknown>,
  ownThreadId: string | null,
): PublishRequest {
  if (body.id !== undefined && messageIdOf(body) === undefined) {
    throw invalid("A message's id is a whole number, or a text of at most 128 characters.");
  }
  return parsePublishMessage(body, ownThreadId);
}

function subscription(message: SubscribeMessage) {
  const { threadId, after, transient, include } = message;
  const options: WatchOptions = {
    after: after === undefined ? null : parseAfter(String(after)),
    transient: transient ?? true,
    allRollouts: include !== undefined,
  };
  return { threadId, options };
}

function check(validate: ReturnType<typeof validatorOf>, message: unknown): void {
  const problem = validate(message);
  if (problem === null) return;
  const where = problem.path === "" ? "The message" : problem.path;
  throw new DomainError("INVALID_REQUEST", `${where} ${problem.problem}.`, {
    details: { ...problem },
  });
}

function invalid(message: string): DomainError {
  return new DomainError("INVALID_REQUEST", message);
}
