// What somebody asked for and the network lost: a word on it. What pages ask for by themselves is asked for again anyway.
import { toast } from "./toasts";

interface Lost {
  ctx?: { sourceEvent?: Event };
}

const OF_PEOPLE = new Set(["click", "submit", "change"]);

export function startLostRequests(): void {
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = (event as CustomEvent<Lost>).detail;
    if (OF_PEOPLE.has(ctx?.sourceEvent?.type ?? "")) toast("The server did not answer. Look whether it arrived, or try again.", "bad");
  });
}
