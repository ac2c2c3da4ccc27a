/** What is shown until it is known who is signed in. */
import { texts } from "../texts.ts";

/** `trouble`: why it takes long, or null. */
export function StartScreen({ trouble }: { readonly trouble: string | null }) {
  return (
    <main className="screen" aria-busy="true">
      <p role="status">{trouble === null ? texts.start.wait : texts.start.trouble}</p>
      {trouble !== null && <p className="faint">{trouble}</p>}
    </main>
  );
}
