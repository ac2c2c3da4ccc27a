/**
 * A message's content as the parts a person reads (WEB20). Pure. Whatever an agent wrote, each part
 * is one of four kinds; what is none of the first three is kept as data.
 */
import { type ImageSource, imageSourceOfPart, recordOf } from "./safe-links.ts";

/** A part of a message, or of a tool's output. */
export type MessagePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "image"; readonly source: ImageSource; readonly label: string }
  | { readonly kind: "other"; readonly type: string; readonly value: unknown };

/** The parts of `content`, in order. Neighbouring texts stay apart; empty ones are left out. */
export function messageParts(content: unknown): MessagePart[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return content == null ? [] : [other("data", content)];
  return content.map(partOf).filter((part) => !("text" in part) || part.text !== "");
}

/** The texts of a message as one, without what it thought. */
export function messageText(content: unknown): string {
  return messageParts(content)
    .map((part) => (part.kind === "text" ? part.text : ""))
    .filter((text) => text !== "")
    .join("\n\n");
}

function partOf(value: unknown): MessagePart {
  if (typeof value === "string") return { kind: "text", text: value };
  const part = recordOf(value);
  if (part === null) return other("data", value);
  const type = String(part.type ?? "data");
  const text = part.text ?? part.thinking;
  if (/^(?:input_|output_)?text$/.test(type) && typeof text === "string")
    return { kind: "text", text };
  if (/^(?:thinking|reasoning)$/.test(type) && typeof text === "string") {
    return { kind: "thinking", text };
  }
  if (isImage(type, part)) {
    const label = typeof part.alt === "string" ? part.alt : "";
    return { kind: "image", source: imageSourceOfPart(part), label };
  }
  return other(type, value);
}

function isImage(type: string, part: Readonly<Record<string, unknown>>): boolean {
  if (/^(?:image|input_image|image_url)$/.test(type)) return true;
  const mediaType = part.mediaType ?? part.mimeType ?? part.mime;
  return type === "file" && typeof mediaType === "string" && mediaType.startsWith("image/");
}

function other(type: string, value: unknown): MessagePart {
  return { kind: "other", type, value };
}
