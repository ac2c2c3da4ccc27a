/** The thread's rollouts, newest first, each a link; read when the menu is opened. */

import { SpoolError } from "@spool/client/spool-error";
import type { Rollout, Thread } from "@spool/protocol/resources";
import { History } from "lucide-react";
import { useEffect, useState } from "react";
import { refusalText } from "../actions/refusal-text.ts";
import { useServices } from "../live/services.ts";
import type { ThreadPlace } from "../routing/route.ts";
import { texts } from "../texts.ts";
import { Menu, MenuLink } from "../ui/menu.tsx";
import { sizeText } from "../ui/sizes.ts";
import { fullTime } from "../ui/times.ts";

type Props = { readonly thread: Thread; readonly place: ThreadPlace };

/** For the head of one's own thread. */
export function RolloutsMenu({ thread, place }: Props) {
  return (
    <Menu label={texts.rollouts.menu} button={<History aria-hidden="true" size={18} />}>
      <RolloutLinks thread={thread} place={place} />
    </Menu>
  );
}

/** So many are read at once. */
const pageRollouts = 100;

function RolloutLinks({ thread, place }: Props) {
  const { client, address } = useServices();
  const [rollouts, setRollouts] = useState<readonly Rollout[] | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const { id } = thread;
  useEffect(() => {
    const stop = new AbortController();
    const read = async () => {
      const query = { limit: pageRollouts };
      try {
        const page = await client.history.rollouts(id, query, { signal: stop.signal });
        setRollouts(page.items);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof SpoolError)) throw error;
        setRefusal(refusalText(error));
      }
    };
    void read();
    return () => stop.abort();
  }, [client, id]);
  if (refusal !== null) return <p className="menu-head refusal">{refusal}</p>;
  if (rollouts === null) return <p className="menu-head faint">{texts.rollouts.loading}</p>;
  return rollouts.map((rollout) => {
    const rolloutId = rollout.active ? null : rollout.rolloutId;
    const link = address.linkTo({ threadId: id, rolloutId, at: null });
    const { rolloutId: shown } = place;
    return (
      <MenuLink key={rollout.rolloutId} isCurrent={shown === rolloutId} {...link}>
        <RolloutFacts rollout={rollout} />
      </MenuLink>
    );
  });
}

function RolloutFacts({ rollout }: { readonly rollout: Rollout }) {
  const { active, index, eventCount, startedAt, bytes } = rollout;
  return (
    <>
      {active ? texts.rollouts.current : texts.rollouts.older(index)}
      <br />
      <span className="faint">
        {texts.rollouts.facts(eventCount, fullTime(startedAt))} · {sizeText(bytes)}
      </span>
    </>
  );
}
