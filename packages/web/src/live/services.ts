/**
 * What lives as long as the page: the sign-in, the client, the one live connection, the address.
 * Components reach them by `useServices`, their values by `useStore`. Made once, in `main.tsx`.
 */
import { LiveClient } from "@spool/client/live-client";
import type { SpoolClient } from "@spool/client/spool-client";
import { createContext, use, useSyncExternalStore } from "react";
import { Address } from "../routing/address.ts";
import { Session } from "../session/session.ts";
import { Connection } from "./connection.ts";
import type { Store } from "./store.ts";

/** Everything that outlives a component. */
export class Services {
  readonly session: Session;
  /** Speaks as who is signed in; a call while nobody is fails with UNAUTHENTICATED. */
  readonly client: SpoolClient;
  /** One socket for the list and every watched thread. */
  readonly live: LiveClient;
  readonly connection: Connection;
  readonly address: Address;

  constructor(window: Window) {
    this.address = new Address(window);
    this.session = new Session(window);
    this.client = this.session.client;
    this.connection = new Connection(window, () => this.live.retryNow());
    this.live = new LiveClient(this.client, { onState: (state) => this.connection.take(state) });
    const { state } = this.session;
    state.subscribe(() => this.connection.takeSignIn(state.get().kind !== "signed-out"));
  }
}

/** Carries the services to the components. */
export const ServicesContext = createContext<Services | null>(null);

/** The page's services. Throws outside the page. */
export function useServices(): Services {
  const services = use(ServicesContext);
  if (services === null) throw new Error("no services: the component is outside the page");
  return services;
}

/** The store's value; the component is shown anew when it changes. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
