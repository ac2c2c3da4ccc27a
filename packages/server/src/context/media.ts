/**
 * Images and documents in the shapes that publishers use → one shape. Pure; formats ask it what a
 * part holds, and what to say of a part they cannot pass on (CTX7).
 */
import type { ContentPart } from "@spool/protocol/context";
import type { JsonObject } from "@spool/protocol/json";

/** An image or a document, as base64 text or behind an address a model's server can reach. */
export type Media = {
  readonly kind: "image" | "document";
  /** Null where an address does not tell. */
  readonly mediaType: string | null;
  readonly name: string | null;
  readonly content:
    | { readonly type: "base64"; readonly data: string }
    | { readonly type: "url"; readonly url: string };
};

/** Characters of a part's JSON that stand in for it where it cannot be passed on. */
const noteCharactersMax = 2_000;
const imageTypes = new Set(["image", "image_url", "input_image"]);
const documentTypes = new Set(["document", "file", "input_file"]);
const dataUrl = /^data:([^;,]+)(?:;[^;,]+)*;base64,/;

/** What an image or document part holds; null for others and for what nobody else can read. */
export function mediaOf(part: ContentPart): Media | null {
  const fields = part as JsonObject;
  const source = objectOf(fields.source) ?? fields;
  const mediaType = textOf(source.media_type, source.mediaType, source.mimeType, source.mime_type);
  const isImage = imageTypes.has(part.type) || (mediaType?.startsWith("image/") ?? false);
  if (!isImage && !documentTypes.has(part.type)) return null;
  const kind = isImage ? "image" : "document";
  const name = textOf(fields.filename, fields.title, fields.name);
  const base = { kind, mediaType, name } as const;
  const address = textOf(
    source.url,
    source.image_url,
    objectOf(source.image_url)?.url,
    source.image,
    source.file_data,
  );
  if (address !== null) return atAddress(base, address);
  const data = textOf(source.data);
  return data !== null && mediaType !== null ? inBase64(base, data) : null;
}

/** The media as an address: the one it has, or a data URL. */
export function addressOf({ content, mediaType }: Media): string {
  if (content.type === "url") return content.url;
  return `data:${mediaType};base64,${content.data}`;
}

/** What stands in for a part that a format has no place for: short, and true. */
export function noteOf(part: ContentPart): string {
  const source = objectOf((part as JsonObject).source);
  if (imageTypes.has(part.type)) {
    const where = textOf(source?.path, source?.url);
    return where === null ? "[image left out]" : `[image left out: ${where.slice(0, 500)}]`;
  }
  const json = JSON.stringify(part);
  return json.length <= noteCharactersMax
    ? json
    : `[part of type ${part.type.slice(0, 100)} left out: ${json.length} characters]`;
}

type Base = Pick<Media, "kind" | "mediaType" | "name">;

function atAddress(base: Base, address: string): Media | null {
  const match = dataUrl.exec(address);
  if (match !== null) {
    const mediaType = match[1] as string;
    return inBase64({ ...base, mediaType }, address.slice(match[0].length));
  }
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) return null;
  return { ...base, content: { type: "url", url: address } };
}

/** Only what is base64: a model's server refuses the whole request for one that is not. */
function inBase64(base: Base, data: string): Media | null {
  if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return null;
  return { ...base, content: { type: "base64", data } };
}

function objectOf(value: unknown): JsonObject | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : null;
}

function textOf(...values: readonly unknown[]): string | null {
  const text = values.find((value) => typeof value === "string" && value !== "");
  return (text as string | undefined) ?? null;
}
