// The sheet that lists the page's shortcuts and switches them off and on.
import { areOn, switchOn } from "./shortcuts";

const MAC = /mac|iphone|ipad/i.test(navigator.platform);
const IN_LISTS: [keys: string, title: string][] = [
  ["j", "Next row"],
  ["k", "Previous row"],
  ["Enter", "Open the row"],
];

export function open(): void {
  const dialog = document.createElement("dialog");
  dialog.className = "shortcut-sheet";
  dialog.setAttribute("aria-labelledby", "shortcut-sheet-title");
  dialog.append(header(dialog), ...groups(), switcher());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the sheet
  document.body.append(dialog);
  dialog.showModal();
}

function header(dialog: HTMLDialogElement): HTMLElement {
  const close = make("button", "button quiet small", "Close");
  close.addEventListener("click", () => dialog.close());
  const title = make("h2", "", "Keyboard shortcuts");
  title.id = "shortcut-sheet-title";
  const line = make("div", "card-header");
  const actions = make("div", "actions");
  actions.append(close);
  line.append(title, actions);
  return line;
}

function groups(): HTMLElement[] {
  const declared = new Map<string, string>();
  for (const one of document.querySelectorAll<HTMLElement>("[data-shortcut]")) {
    if (one.closest("dialog") !== null) continue;
    const title = one.dataset["shortcutTitle"] ?? one.getAttribute("aria-label") ?? one.textContent.trim();
    declared.set(one.dataset["shortcut"] ?? "", title);
  }
  const all = [...declared];
  const isEverywhere = ([keys]: [string, string]) => keys.includes("+") || keys === "?";
  const isPlace = ([keys]: [string, string]) => keys.includes(" ");
  const here = all.filter((one) => !isEverywhere(one) && !isPlace(one));
  const hasRows = document.querySelector("[data-rows] [data-row]") !== null;
  return [
    group("On this page", [...(hasRows ? IN_LISTS : []), ...here]),
    group("Everywhere", [...all.filter(isEverywhere), ["Esc", "Close what is open"]]),
    group("Go to", all.filter(isPlace)),
  ].filter((one) => one !== null);
}

function group(title: string, shortcuts: [keys: string, title: string][]): HTMLElement | null {
  if (shortcuts.length === 0) return null;
  const section = make("section", "card-body");
  const list = make("dl", "shortcut-list");
  for (const [keys, text] of shortcuts) {
    const line = make("div", "");
    const value = make("dd", "");
    value.append(...keyCaps(keys));
    line.append(make("dt", "", text), value);
    list.append(line);
  }
  section.append(make("h3", "", title), list);
  return section;
}

function keyCaps(keys: string): (HTMLElement | string)[] {
  return keys
    .split(" ")
    .flatMap((key) => (key.startsWith("mod+") ? [MAC ? "⌘" : "Ctrl", key.slice(4).toUpperCase()] : [key]))
    .flatMap((key, index) => [...(index > 0 ? [" "] : []), make("kbd", "", key)]);
}

function switcher(): HTMLElement {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = areOn();
  box.addEventListener("change", () => switchOn(box.checked));
  const label = make("label", "choice");
  label.append(box, "Single keys are shortcuts (those with Ctrl or ⌘ always are)");
  const line = make("div", "card-footer");
  line.append(label);
  return line;
}

function make(tag: string, className: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.textContent = text;
  return element;
}
