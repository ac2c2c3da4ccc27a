/** The page's entry: makes the services and shows the app. Must not know of threads or events. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { Services, ServicesContext } from "./live/services.ts";
import "./ui/base.css";

const services = new Services(window);
services.session.start();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <ServicesContext value={services}>
      <App />
    </ServicesContext>
  </StrictMode>,
);
