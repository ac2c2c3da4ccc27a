/** What is shown as a whole: a wait, the sign-in, or the threads of who is signed in. */
import { Shell } from "./layout/shell.tsx";
import { useServices, useStore } from "./live/services.ts";
import { SignInScreen } from "./session/sign-in-screen.tsx";
import { StartScreen } from "./session/start-screen.tsx";

/** The page. */
export function App() {
  const { session } = useServices();
  const state = useStore(session.state);
  switch (state.kind) {
    case "starting":
      return <StartScreen trouble={state.trouble} />;
    case "signed-out":
      return <SignInScreen reason={state.reason} />;
    case "signed-in":
      return <Shell me={state.me} />;
  }
}
