/** A picture in a message or a tool's output, or what stands for it (WEB20). */
import { ImageOff } from "lucide-react";
import { useState } from "react";
import { texts } from "../texts.ts";
import type { ImageSource } from "./safe-links.ts";
import "./content.css";

/** Bytes up to which a picture is shown without being asked for. */
const shownBytesMax = 3 * 1024 * 1024;

/** The picture, a link to it, or its name. `label` is what it shows, maybe empty. */
export function ImageView({
  source,
  label,
}: {
  readonly source: ImageSource;
  readonly label: string;
}) {
  switch (source.kind) {
    case "inline":
      return <InlineImage source={source} label={label} />;
    case "remote":
      return (
        <a className="image-link" href={source.url} target="_blank" rel="noopener noreferrer">
          {texts.items.imageAt} <bdi>{source.host}</bdi>
          {label !== "" && <bdi> ({label})</bdi>}
        </a>
      );
    case "absent":
      return <MissingImage name={label === "" ? source.name : label} />;
  }
}

function InlineImage({
  source,
  label,
}: {
  readonly source: Extract<ImageSource, { kind: "inline" }>;
  readonly label: string;
}) {
  const [isAsked, setAsked] = useState(false);
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <MissingImage name={label === "" ? texts.items.brokenImage : label} />;
  if (source.bytes > shownBytesMax && !isAsked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        {texts.items.showImage(source.bytes)}
      </button>
    );
  }
  const alt = label === "" ? texts.items.image : label;
  return <img className="image" src={source.url} alt={alt} onError={() => setBroken(true)} />;
}

function MissingImage({ name }: { readonly name: string }) {
  return (
    <span className="image-missing faint">
      <ImageOff aria-hidden="true" size={14} /> {texts.items.noImage} <bdi>{name}</bdi>
    </span>
  );
}
