/**
 * Which addresses of other people's text may become links, and what an image part may be shown as
 * (WEB20). Pure. Guarantees that nothing but http, https and mailto is a link, and that nothing is
 * loaded from another host.
 */

/** Where an image comes from. */
export type ImageSource =
  /** Shown as it is. `bytes` is what the picture takes, about. */
  | { readonly kind: "inline"; readonly url: string; readonly bytes: number }
  /** Elsewhere: shown as a link that names the host. */
  | { readonly kind: "remote"; readonly url: string; readonly host: string }
  /** Not to be had from here: a file of the agent's machine, a foreign scheme, nothing at all. */
  | { readonly kind: "absent"; readonly name: string };

const imageData =
  /^data:image\/(?:png|jpe?g|gif|webp|avif|bmp|svg\+xml);base64,[A-Za-z0-9+/=_\s-]*$/i;
const imageType = /^image\/(?:png|jpe?g|gif|webp|avif|bmp|svg\+xml)$/i;
const nameUnits = 200;

/** The address to link to; null for one that must stay text. */
export function linkTarget(address: string): string | null {
  if (address.length > 8_000) return null;
  const url = URL.parse(address);
  const isKnown = url !== null && /^(?:https?|mailto):$/.test(url.protocol);
  return isKnown ? url.href : null;
}

/** The source that an address in Markdown names. */
export function imageSourceOf(address: string): ImageSource {
  if (/^data:/i.test(address)) return inline(address);
  if (/^blob:/i.test(address)) return { kind: "absent", name: shortened(address) };
  const url = URL.parse(address);
  const isRemote = url !== null && /^https?:$/.test(url.protocol);
  if (isRemote) return { kind: "remote", url: url.href, host: url.host };
  return { kind: "absent", name: shortened(address) };
}

/**
 * The source of an image part as agents and providers write it: `source` with `data` and
 * `media_type`, `url` or `path`; `image_url`; `data` and `mimeType`; `image`.
 */
export function imageSourceOfPart(part: Readonly<Record<string, unknown>>): ImageSource {
  const source = recordOf(part.source) ?? recordOf(part.file) ?? part;
  const data = textOf(source.data) ?? textOf(source.base64);
  const type =
    textOf(source.media_type) ?? textOf(source.mimeType) ?? textOf(source.mediaType) ?? "image/png";
  if (data !== null && imageType.test(type)) {
    return data.startsWith("data:") ? inline(data) : inline(`data:${type};base64,${data}`);
  }
  const image = part.image_url ?? part.imageUrl ?? part.image ?? source.url;
  const address = textOf(image) ?? textOf(recordOf(image)?.url);
  if (address !== null) return imageSourceOf(address);
  const name = textOf(source.path) ?? textOf(source.filename) ?? textOf(source.file_id) ?? type;
  return { kind: "absent", name: shortened(name) };
}

function inline(url: string): ImageSource {
  if (!imageData.test(url)) return { kind: "absent", name: shortened(url.slice(0, 40)) };
  return { kind: "inline", url, bytes: Math.floor((url.length - url.indexOf(",")) * 0.75) };
}

/** A value as an object whose fields may be looked at; null for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : null;
}

/** A value as text; null for anything else, and for nothing. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function shortened(text: string): string {
  return text.length > nameUnits ? `${text.slice(0, nameUnits)}…` : text;
}
