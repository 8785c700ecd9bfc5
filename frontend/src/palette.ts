// The command palette: a list box under a field. The server finds; the browser adds what was chosen here lately.
import { keep, recall } from "./kept";

interface Recent {
  title: string;
  url: string;
}

const WAIT_MS = 80; // after the last key
const RECENT_MAX = 5;
const dialog = document.querySelector<HTMLDialogElement>("#palette")!;
const input = dialog.querySelector("input")!;
const results = dialog.querySelector<HTMLElement>("[role=listbox]")!;
const notes = dialog.querySelector<HTMLElement>(".palette-notes")!;
const status = dialog.querySelector<HTMLElement>("[role=status]")!;
const keptAs = `recent:${dialog.dataset["place"] ?? ""}`;
let timer = 0;
let asking: AbortController | null = null;
let shownFor: string | null = null; // what was typed when the results were asked for
let entersWhenShown = false; // Enter came before the results

input.addEventListener("input", () => {
  entersWhenShown = false;
  clearTimeout(timer);
  timer = window.setTimeout(() => void ask(), WAIT_MS);
});
input.addEventListener("keydown", onKey);
results.addEventListener("click", (event) => {
  const option = (event.target as Element).closest<HTMLElement>("[role=option]");
  if (option === null) return;
  if (option instanceof HTMLAnchorElement) remember({ title: option.querySelector("bdi")?.textContent ?? "", url: option.pathname + option.search });
  dialog.close();
});
results.addEventListener("pointermove", (event) => choose((event.target as Element).closest<HTMLElement>("[role=option]")));
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
dialog.addEventListener("close", () => asking?.abort());

export function open(): void {
  if (dialog.open) return dialog.close();
  if (document.querySelector("dialog:modal") !== null) return;
  dialog.showModal();
  input.select();
  shownFor = null;
  void ask();
}

async function ask(): Promise<void> {
  asking?.abort();
  const question = (asking = new AbortController());
  const typed = input.value;
  dialog.setAttribute("aria-busy", "true");
  try {
    const url = `${dialog.dataset["url"] ?? ""}?q=${encodeURIComponent(typed)}`;
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, signal: question.signal });
    if (answer.status === 401) return location.reload(); // the session ended: the page leads to the sign-in page
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text(), typed);
  } catch {
    if (question.signal.aborted) return;
    show("", typed);
    say("The server does not answer. Type on to try again.");
  }
  dialog.removeAttribute("aria-busy");
}

function show(html: string, typed: string): void {
  results.innerHTML = html; // our own server's, which escapes
  notes.replaceChildren(...results.querySelectorAll("[data-note]"));
  if (typed.trim() === "") results.prepend(...recentGroup());
  const all = options();
  choose(all[0] ?? null);
  results.hidden = all.length === 0;
  status.textContent = notes.textContent.trim() || `${all.length} results`;
  shownFor = typed;
  if (entersWhenShown) all[0]?.click();
  entersWhenShown = false;
}

function say(text: string): void {
  const note = document.createElement("p");
  note.textContent = text;
  notes.replaceChildren(note);
  status.textContent = text;
}

function options(): HTMLElement[] {
  return [...results.querySelectorAll<HTMLElement>("[role=option]")];
}

function choose(option: HTMLElement | null): void {
  if (option === null && options().length > 0) return; // the pointer is between two
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option === null) input.removeAttribute("aria-activedescendant");
  else input.setAttribute("aria-activedescendant", option.id);
}

function onKey(event: KeyboardEvent): void {
  if (event.isComposing) return;
  const all = options();
  const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) dialog.close();
  else if (event.key === "Enter" && shownFor !== input.value) entersWhenShown = true;
  else if (event.key === "Enter") all[now]?.click();
  else if (event.key === "ArrowDown") step(all, now + 1);
  else if (event.key === "ArrowUp") step(all, now - 1);
  else return;
  event.preventDefault();
}

function step(all: HTMLElement[], to: number): void {
  const option = all.at(to % (all.length || 1)) ?? null; // from the last on to the first, and back
  choose(option);
  option?.scrollIntoView({ block: "nearest" });
}

function recents(): Recent[] {
  try {
    return JSON.parse(recall(keptAs) ?? "[]") as Recent[];
  } catch {
    return [];
  }
}

function remember(chosen: Recent): void {
  keep(keptAs, JSON.stringify([chosen, ...recents().filter((one) => one.url !== chosen.url)].slice(0, RECENT_MAX)));
}

function recentGroup(): HTMLElement[] {
  const found = recents().filter((one) => one.url.startsWith("/"));
  if (found.length === 0) return [];
  const group = document.createElement("div");
  group.role = "group";
  group.setAttribute("aria-labelledby", "palette-recent");
  group.innerHTML = '<p id="palette-recent" class="menu-title" role="presentation">Recent</p>';
  for (const [index, { title, url }] of found.entries()) {
    const option = document.createElement("a");
    const name = document.createElement("bdi");
    Object.assign(option, { role: "option", id: `palette-recent-${index}`, href: url, tabIndex: -1 });
    name.className = "cut";
    name.textContent = name.title = title;
    option.append(name);
    group.append(option);
  }
  return [group];
}
