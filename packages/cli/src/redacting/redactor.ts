/**
 * Masks secrets in what is published: every text of a frame's payload and of a thread's title and
 * metadata goes through here before it is sent. The same text always gives the same one, and takes
 * time in proportion to its length. Used by everything that publishes sessions (WATCH9).
 */
import type { Frame, ThreadHeader } from "@spool/adapters/frame";
import { secretFields, secretRules } from "./secret-rules.ts";

/** Masks in one text what a rule of a user's own finds; `count` hears of each. */
export type TextMask = (text: string, count: () => void) => string;

/** Texts shorter than any secret are not looked at. */
const textUnitsMin = 8;
/** What ties frames together stays as it is. */
const linkFields: ReadonlySet<string> = new Set(["messageId", "toolCallId", "groupId"]);
/** Ciphertext of a model's maker, often a large part of a session: nothing in it is a secret. */
const cipherField = "encrypted_content";

const wordStart = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))`;
/** All rules at once, each in a group of its own name: one pass over the text. */
const anySecret = new RegExp(
  secretRules
    .map(({ begins, isWord, rest }, index) => {
      const bounded = isWord ? `${begins}(?<=${wordStart}${begins})` : begins;
      return `(?<r${index}>${bounded}${rest.replace("(?<secret>", `(?<s${index}>`)})`;
    })
    .join("|"),
  "g",
);
/** By field name as written: whether its text is a secret. Names are few, and repeat. */
const isSecretField = new Map<string, boolean>();
const fieldNamesMax = 10_000;

/** Masks, and counts what was masked. */
export class Redactor {
  readonly #masks: readonly TextMask[];
  #count = 0;

  /** `masks` are applied after the built-in rules. */
  constructor(masks: readonly TextMask[] = []) {
    this.#masks = masks;
  }

  /** Secrets masked so far. */
  get count(): number {
    return this.#count;
  }

  /** The frame with its payload masked; itself where nothing was. */
  frame(frame: Frame): Frame {
    const payload = this.#fields(frame.payload as Fields, linkFields);
    return payload === frame.payload ? frame : { ...frame, payload };
  }

  /** The header with title and metadata masked; itself where nothing was. */
  header(header: ThreadHeader): ThreadHeader {
    const metadata = this.#fields(header.metadata as Fields, null);
    const title = header.title === undefined ? undefined : this.text(header.title);
    if (metadata === header.metadata && title === header.title) return header;
    return { ...header, metadata, ...(title === undefined ? {} : { title }) };
  }

  /** The text with its secrets masked. */
  text(text: string): string {
    if (text.length < textUnitsMin) return text;
    let masked = text.replace(anySecret, (match, ...more) => {
      this.#count += 1;
      return maskedMatch(match, more.at(-1) as Groups);
    });
    for (const mask of this.#masks) {
      masked = mask(masked, () => {
        this.#count += 1;
      });
    }
    return masked;
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (!Array.isArray(value)) return this.#fields(value as Fields, null);
    let copy: unknown[] | null = null;
    for (let index = 0; index < value.length; index += 1) {
      const masked = this.#value(value[index]);
      if (masked === value[index]) continue;
      copy ??= [...value];
      copy[index] = masked;
    }
    return copy ?? value;
  }

  #fields(fields: Fields, keep: ReadonlySet<string> | null): Fields {
    let copy: Fields | null = null;
    for (const name of Object.keys(fields)) {
      if (name === cipherField || keep?.has(name)) continue;
      const value = fields[name];
      const masked = isSecret(name) ? this.#secret(name, value) : this.#value(value);
      if (masked === value) continue;
      copy ??= copyOf(fields);
      copy[name] = masked;
    }
    return copy ?? fields;
  }

  /** The value of a field that is named as a secret. */
  #secret(name: string, value: unknown): unknown {
    if (typeof value !== "string" || value.length < textUnitsMin) return this.#value(value);
    if (value.startsWith("[redacted:")) return value;
    this.#count += 1;
    return maskOf(name.toLowerCase());
  }
}

type Fields = { [name: string]: unknown };
type Groups = { readonly [name: string]: string | undefined };

/** A copy that keeps a field named `__proto__` a field (WIRE7). */
function copyOf(fields: Fields): Fields {
  return Object.defineProperties({}, Object.getOwnPropertyDescriptors(fields));
}

function isSecret(name: string): boolean {
  const known = isSecretField.get(name);
  if (known !== undefined) return known;
  const secret = secretFields.has(name.toLowerCase());
  if (isSecretField.size < fieldNamesMax) isSecretField.set(name, secret);
  return secret;
}

/** What stands for a secret. */
export function maskOf(name: string): string {
  return `[redacted:${name}]`;
}

/** The match with its secret, which is the last such text in it, masked. */
function maskedMatch(match: string, groups: Groups): string {
  const index = secretRules.findIndex((_, at) => groups[`r${at}`] !== undefined);
  const mask = maskOf(secretRules[index]?.name ?? "secret");
  const secret = groups[`s${index}`];
  if (secret === undefined) return mask;
  const at = match.lastIndexOf(secret);
  return match.slice(0, at) + mask + match.slice(at + secret.length);
}
