/**
 * The page of somebody who is signed in: the list beside the open thread; on a narrow screen one of
 * the two. Must not know what either shows.
 */

import type { Me } from "@spool/protocol/resources";
import { AccountMenu } from "../account/account-menu.tsx";
import { ActionsProvider } from "../actions/actions-provider.tsx";
import { ThreadList } from "../list/thread-list.tsx";
import { useServices, useStore } from "../live/services.ts";
import { texts } from "../texts.ts";
import { ThreadPane } from "../thread/thread-pane.tsx";
import { ConnectionIndicator } from "./connection-indicator.tsx";
import { GlobalKeys } from "./global-keys.tsx";
import { useFocusFlow } from "./use-focus-flow.ts";
import "./shell.css";

/** Everything but the sign-in. */
export function Shell({ me }: { readonly me: Me }) {
  const { address } = useServices();
  const { place } = useStore(address.route);
  useFocusFlow(place);
  return (
    <ActionsProvider>
      <GlobalKeys />
      <div className="shell" data-open={place !== null}>
        <a className="skip" href="#conversation">
          {texts.app.skipToThread}
        </a>
        <header className="bar">
          <a className="brand" {...address.linkTo(null)}>
            {texts.app.name}
          </a>
          <ConnectionIndicator />
          <AccountMenu me={me} />
        </header>
        <nav className="side" aria-label={texts.list.title}>
          <ThreadList me={me} />
        </nav>
        <main className="main" id="conversation" tabIndex={-1}>
          {place === null ? (
            <p className="nothing">{texts.thread.none}</p>
          ) : (
            <ThreadPane key={`${place.threadId} ${place.rolloutId}`} place={place} />
          )}
        </main>
      </div>
    </ActionsProvider>
  );
}
