/** Says quietly whether what is shown is live, and since when it is not. */
import type { ConnectionState } from "../live/connection.ts";
import { useServices, useStore } from "../live/services.ts";
import { texts } from "../texts.ts";
import { clockTime } from "../ui/times.ts";

/** The indicator in the page's bar. */
export function ConnectionIndicator() {
  const { connection } = useServices();
  const state = useStore(connection.state);
  return (
    <span className="connection" role="status" data-state={state.kind}>
      {wordsFor(state)}
    </span>
  );
}

function wordsFor(state: ConnectionState): string {
  switch (state.kind) {
    case "connecting":
      return texts.connection.connecting;
    case "live":
      return texts.connection.live;
    case "reconnecting":
      return texts.connection.reconnecting(clockTime(state.since));
    case "offline":
      return texts.connection.offline(clockTime(state.since));
    case "signed-out":
      return texts.connection.signedOut;
  }
}
