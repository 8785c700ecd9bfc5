// Tabs that show one of several panels, by pointer or with the arrow keys, Home and End. data-kept: the browser remembers
// under this name which one was chosen.
import { keep, recall } from "./kept";

export function mount(element: HTMLElement): void {
  const tabs = [...element.querySelectorAll<HTMLElement>('[role="tab"]')];
  const kept = element.dataset["kept"] ?? "";
  const choose = (tab: HTMLElement) => {
    for (const one of tabs) show(one, one === tab);
    keep(kept, tab.id);
  };
  const chosen = tabs.find((tab) => tab.id === recall(kept));
  if (chosen !== undefined) choose(chosen);
  element.addEventListener("click", (event) => {
    const tab = tabs.find((one) => one.contains(event.target as Node));
    if (tab !== undefined) choose(tab);
  });
  element.addEventListener("keydown", (event) => {
    const tab = tabs.at(next(event.key, tabs.indexOf(event.target as HTMLElement), tabs.length) ?? tabs.length);
    if (tab === undefined) return;
    event.preventDefault();
    choose(tab);
    tab.focus();
  });
}

function show(tab: HTMLElement, isChosen: boolean): void {
  tab.setAttribute("aria-selected", String(isChosen));
  tab.tabIndex = isChosen ? 0 : -1;
  document.getElementById(tab.getAttribute("aria-controls") ?? "")?.toggleAttribute("hidden", !isChosen);
}

// Where a key leads from the tab at an index; null when it leads nowhere or no tab has the focus.
function next(key: string, from: number, count: number): number | null {
  if (from < 0) return null;
  if (key === "ArrowRight") return (from + 1) % count;
  if (key === "ArrowLeft") return (from - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
