// Starts the module that an element names in data-module, now and in whatever htmx swaps in later.
import { withChunk } from "./chunks";
import { onContent } from "./content";

export type Mount = (element: HTMLElement) => void;

// Each is a chunk of its own, fetched by the first page that uses it.
const MODULES: Record<string, () => Promise<{ mount: Mount }>> = {
  alert_list: () => import("./alert_list"),
  chart: () => import("./chart"),
  checklist: () => import("./checklist"),
  facets: () => import("./facets"),
  in_view: () => import("./in_view"),
  local_time: () => import("./local_time"),
  map: () => import("./map"),
  tabs: () => import("./tabs"),
  export: () => import("./export"),
  feed: () => import("./feed"),
  query: () => import("./query"),
  range: () => import("./range"),
  passkey: () => import("./passkey"),
  print: () => import("./print"),
};

export function startModules(): void {
  onContent((root) => {
    for (const element of root.querySelectorAll<HTMLElement>("[data-module]:not([data-mounted])")) {
      const load = MODULES[element.dataset["module"] ?? ""];
      if (load === undefined) continue;
      element.dataset["mounted"] = "";
      withChunk(load(), ({ mount }) => mount(element));
    }
  });
}
