/** Where one is signed in: each can be ended at once (AUTH25), this one by signing out. */
import { SpoolError } from "@spool/client/spool-error";
import type { SignIn } from "@spool/protocol/resources";
import { useCallback, useEffect, useState } from "react";
import { refusalText } from "../actions/refusal-text.ts";
import { useServices } from "../live/services.ts";
import { texts } from "../texts.ts";
import { Modal } from "../ui/modal.tsx";
import { fullTime } from "../ui/times.ts";

const words = texts.account;

/** Reads them when it is opened, and again after one was ended. */
export function SignInsDialog({ onClose }: { readonly onClose: () => void }) {
  const { client, session } = useServices();
  const [signIns, setSignIns] = useState<readonly SignIn[] | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);

  /** Does it and shows what there is then; a refusal is said. */
  const after = useCallback(
    async (act: () => Promise<void>) => {
      try {
        setRefusal(null);
        await act();
        setSignIns((await client.account.me()).signIns ?? []);
      } catch (error) {
        if (!(error instanceof SpoolError)) throw error;
        setRefusal(refusalText(error));
      }
    },
    [client],
  );
  useEffect(() => {
    void after(async () => {});
  }, [after]);

  const end = (signIn: SignIn) =>
    signIn.current ? session.signOut() : client.account.endSignIn(signIn.id);
  return (
    <Modal title={words.signInsTitle} onClose={onClose}>
      <p className="faint">{words.signInsHint}</p>
      <p role="alert" className="refusal" hidden={refusal === null}>
        {refusal}
      </p>
      {signIns?.length === 0 && <p>{words.noSignIns}</p>}
      <ul className="sign-ins" aria-busy={signIns === null}>
        {signIns?.map((signIn) => (
          <SignInRow key={signIn.id} signIn={signIn} onEnd={() => after(() => end(signIn))} />
        ))}
      </ul>
    </Modal>
  );
}

type RowProps = { readonly signIn: SignIn; readonly onEnd: () => Promise<void> };

function SignInRow({ signIn, onEnd }: RowProps) {
  const { createdAt, lastUsedAt, userAgent, current } = signIn;
  const [isPending, setPending] = useState(false);
  const browser = userAgent ?? words.unknownBrowser;
  const end = async () => {
    setPending(true);
    await onEnd();
    setPending(false);
  };
  const endWords = current ? words.signOut : words.end;
  return (
    <li>
      <div>
        <bdi>{browser}</bdi> {current && <span className="tag">{words.current}</span>}
        <br />
        <span className="faint">
          {words.since(fullTime(createdAt))}
          {lastUsedAt !== null && `, ${words.used(fullTime(lastUsedAt))}`}
        </span>
      </div>
      <button
        type="button"
        aria-label={current ? words.signOut : words.endOf(browser)}
        disabled={isPending}
        onClick={() => void end()}
      >
        {isPending ? words.ending : endWords}
      </button>
    </li>
  );
}
