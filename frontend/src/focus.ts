// Where the keyboard goes on after a form or a link has led to the same page again: data-refocus on it names an element by its
// id, or several, of which the first that is there then is taken. A page that is loaded anew would begin at its top.
import { forget, keep, recall } from "./kept";

const KEPT = "refocus";

export function startFocus(): void {
  goOn();
  document.addEventListener("submit", (event) => note(event.target));
  document.addEventListener("click", (event) => note((event.target as Element).closest("a[data-refocus]")));
}

function note(element: EventTarget | null): void {
  const ids = element instanceof HTMLElement ? element.dataset["refocus"] : undefined;
  if (ids !== undefined) keep(KEPT, JSON.stringify([location.pathname, ids]));
}

function goOn(): void {
  const kept = recall(KEPT);
  if (kept === null) return;
  forget(KEPT);
  const [path, ids] = JSON.parse(kept) as [string, string];
  if (path !== location.pathname) return;
  const elements = ids.split(" ").map((id) => document.getElementById(id));
  elements.find((element) => element !== null)?.focus({ preventScroll: true });
}
