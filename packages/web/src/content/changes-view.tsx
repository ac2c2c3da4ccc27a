/** Changes of files, line by line (WEB24). */
import { texts } from "../texts.ts";
import { type ChangeLine, changeCounts, type FileChange } from "./file-changes.ts";
import { useFold } from "./fold-memory.ts";
import "./content.css";

/** Lines of one file that are shown at first, and characters of one line. */
const linesAtFirst = 120;
const lineUnits = 4_000;

/** The files, one below the other. */
export function ChangesView({ changes }: { readonly changes: readonly FileChange[] }) {
  return changes.map((change, index) => (
    <FileView change={change} name={`file ${index}`} key={index} />
  ));
}

function FileView({ change, name }: { readonly change: FileChange; readonly name: string }) {
  const [isAll, setAll] = useFold(`${name} all`);
  const { path, movedTo, action, lines } = change;
  const isLong = lines.length > linesAtFirst + 10;
  const shown = isLong && !isAll ? lines.slice(0, linesAtFirst) : lines;
  return (
    <div className="file-change">
      <div className="code-head">
        <span>
          {action !== "update" && <span className="faint">{texts.items.fileAction[action]} </span>}
          <bdi className="path">{path}</bdi>
          {movedTo !== null && (
            <>
              {" → "}
              <bdi className="path">{movedTo}</bdi>
            </>
          )}
        </span>
        <ChangeCounts changes={[change]} />
      </div>
      {lines.length > 0 && (
        <pre className="code change-lines wraps" dir="ltr">
          {shown.map((line, index) => (
            <Line line={line} key={index} />
          ))}
        </pre>
      )}
      {isLong && (
        <button
          type="button"
          className="unfold"
          aria-expanded={isAll}
          onClick={() => setAll(!isAll)}
        >
          {isAll ? texts.items.showLess : texts.items.showAll(lines.length, 0)}
        </button>
      )}
    </div>
  );
}

/** `+3 −1`, of all the changes. */
export function ChangeCounts({ changes }: { readonly changes: readonly FileChange[] }) {
  const { added, removed } = changeCounts(changes);
  return (
    <span className="change-counts">
      {added > 0 && <span className="ink-green">+{added}</span>}
      {removed > 0 && <span className="ink-red">−{removed}</span>}
    </span>
  );
}

const signs = { added: "+", removed: "−", same: " ", gap: "⋯" } as const;

function Line({ line: { kind, text } }: { readonly line: ChangeLine }) {
  const shown = text.length > lineUnits ? `${text.slice(0, lineUnits)}…` : text;
  const Tag = kind === "added" ? "ins" : kind === "removed" ? "del" : "span";
  return (
    <Tag className={`line ${kind}`}>
      <span className="sign" aria-hidden="true">
        {signs[kind]}
      </span>
      {shown}
      {"\n"}
    </Tag>
  );
}
