/** Asks for an API key, hands it to the server once and forgets it. */
import { SpoolError } from "@spool/client/spool-error";
import { type FormEvent, useState } from "react";
import { useServices } from "../live/services.ts";
import { texts } from "../texts.ts";

type Props = { readonly reason: "none" | "ended" | "code-refused" };

/** The sign-in; `reason` says why it is shown. */
export function SignInScreen({ reason }: Props) {
  const { session } = useServices();
  const [key, setKey] = useState("");
  const [isPending, setPending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setPending(true);
    setRefusal(null);
    try {
      await session.signIn(key.trim());
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      setRefusal(error.message);
    } finally {
      setPending(false);
    }
  };

  return (
    <main className="screen">
      <form className="sign-in" onSubmit={(event) => void submit(event)}>
        <h1>{texts.signIn.title}</h1>
        {reason === "ended" && <p role="status">{texts.signIn.ended}</p>}
        {reason === "code-refused" && <p role="status">{texts.signIn.codeRefused}</p>}
        <label htmlFor="key">{texts.signIn.key}</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          // biome-ignore lint/a11y/noAutofocus: the one field of a page that was opened to sign in
          autoFocus
          aria-describedby="key-hint"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <p id="key-hint" className="faint">
          {texts.signIn.hint}
        </p>
        {refusal !== null && (
          <p role="alert" className="refusal">
            {refusal}
          </p>
        )}
        <button type="submit" className="primary" disabled={isPending}>
          {isPending ? texts.signIn.pending : texts.signIn.submit}
        </button>
      </form>
    </main>
  );
}
