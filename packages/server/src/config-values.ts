/**
 * The kinds of values a setting may have: how each is read from text, and what is said to allow.
 * Pure; used by the table in `config.ts` alone.
 */
import { isIP } from "node:net";
import { type LogLevel, logLevels } from "./ops/log.ts";

/** A kind of value. `parse` gives undefined for text that is none. */
export type Kind<T> = {
  readonly parse: (text: string) => T | undefined;
  /** What is allowed, behind "must be". */
  readonly allowed: string;
  /** Stands for the value in a flag's syntax. */
  readonly placeholder: string;
};

/** Text with at least one character. */
export const text: Kind<string> = {
  parse: (value) => (value.trim() === "" ? undefined : value),
  allowed: "some text",
  placeholder: "text",
};

/** Text that may also be left out. */
export const optionalText: Kind<string | null> = text;

/** A secret that others share: long enough not to be guessed. */
export const secret: Kind<string | null> = {
  parse: (value) => (/^[\x21-\x7e]{16,256}$/.test(value) ? value : undefined),
  allowed: "16 to 256 characters without spaces",
  placeholder: "secret",
};

/** A key that somebody else gave out; it goes into a header, so printable ASCII. */
export const apiKey: Kind<string | null> = {
  parse: (value) => (/^[\x21-\x7e]{1,4096}$/.test(value) ? value : undefined),
  allowed: "1 to 4096 printable ASCII characters without spaces",
  placeholder: "key",
};

/** A whole number in decimal digits, both ends included. */
export function wholeNumber({ min, max }: { min: number; max: number }): Kind<number> {
  return {
    parse(value) {
      const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
    allowed: `a whole number from ${min} to ${max}`,
    placeholder: "number",
  };
}

/** An absolute http or https URL without credentials. */
export const webUrl: Kind<URL | null> = {
  parse(value) {
    const url = URL.parse(value);
    const isWeb = url !== null && (url.protocol === "http:" || url.protocol === "https:");
    return isWeb && url.username === "" && url.password === "" ? url : undefined;
  },
  allowed: "an http or https URL",
  placeholder: "url",
};

/** One web origin in its canonical spelling, or `*`. */
export const origin: Kind<string> = {
  parse(value) {
    if (value === "*") return value;
    const url = webUrl.parse(value);
    return url?.href === `${url?.origin}/` ? url?.origin : undefined;
  },
  allowed: "an origin such as https://app.example.com, or *",
  placeholder: "origin",
};

/** Values separated by commas; at least one. */
export function list<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    parse(value) {
      const values = value.split(",").map((part) => kind.parse(part.trim()));
      return values.some((part) => part === undefined) ? undefined : (values as T[]);
    },
    allowed: `a list, separated by commas, each ${kind.allowed}`,
    placeholder: `${kind.placeholder},…`,
  };
}

/** Which proxies to trust: all, none, the nearest n, or those at these addresses. */
export type TrustedProxies = boolean | number | readonly string[];

const namedNetworks: readonly string[] = ["loopback", "linklocal", "uniquelocal"];

/** `true`, `false`, a number of hops, or addresses and CIDR ranges separated by commas. */
export const proxies: Kind<TrustedProxies> = {
  parse(value) {
    if (value === "true" || value === "false") return value === "true";
    if (/^\d{1,2}$/.test(value)) return Number(value);
    const addresses = value.split(",").map((part) => part.trim());
    return addresses.every(isNetwork) ? addresses : undefined;
  },
  allowed:
    "true, false, a number of hops, or addresses, CIDR ranges, loopback, linklocal, uniquelocal " +
    "separated by commas",
  placeholder: "proxies",
};

function isNetwork(entry: string): boolean {
  if (namedNetworks.includes(entry)) return true;
  const [address = "", bits, ...more] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** One of `logLevels`. */
export const logLevel: Kind<LogLevel> = {
  parse: (value) => logLevels.find((level) => level === value),
  allowed: `one of ${logLevels.join(", ")}`,
  placeholder: "level",
};
