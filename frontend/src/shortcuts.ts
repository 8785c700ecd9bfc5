// Keyboard shortcuts. The page declares them in markup; this file is the only listener, so none is bound twice.
//
//   <button data-shortcut="e" data-shortcut-title="Resolve the alert">    e presses the button
//   <a data-shortcut="g a" data-shortcut-title="Alerts">                  g, then a, follows the link
//   <input data-shortcut="/" data-shortcut-title="Search">                / goes to the field
//   <button data-shortcut="mod+k" data-shortcut-title="Search or jump">   Ctrl-K, or ⌘K on a Mac
//
// Capital letters are typed with Shift ("E"). Whatever a shortcut does can also be reached by pointer: it is on the page.
//
//   <tbody data-rows> <tr data-row id="alert-…"> … <a data-row-link href="…"> … <input type="checkbox" data-shortcut="x"> …
//
// In a list, j and k move the focus to the data-row-link of the next or previous data-row (the first link, if none is
// marked), so Enter opens it. A shortcut inside a row is the current row's; the current row holds the focus or held it last,
// and carries data-current for styles. Give rows an id: then a list that htmx swaps in goes on where the reader was.
//
// ? opens the sheet that lists everything declared; so does any button with data-opens="shortcut-sheet". While a dialog is open,
// only its own shortcuts work; while somebody types, only those with mod+. Single keys can be switched off in the sheet
// (WCAG 2.1.4), which the browser remembers.
import { keep, recall } from "./kept";

const SEQUENCE_MS = 1_500; // how long after "g" a second key still belongs to it
const KEPT = "shortcuts";
const TYPING = "input:not([type=checkbox],[type=radio],[type=button],[type=submit],[type=reset]), textarea, select, [contenteditable], [role=listbox]";
let first = ""; // the first key of a sequence, while the second one is awaited
let firstAt = 0;
let currentRow = ""; // id of the row that was current last

export function startShortcuts(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("focusin", (event) => markRow((event.target as Element).closest<HTMLElement>("[data-row]")));
}

export function areOn(): boolean {
  return recall(KEPT) !== "off";
}

export function switchOn(isOn: boolean): void {
  keep(KEPT, isOn ? "on" : "off");
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = nameOf(event);
  const isPlain = !key.includes("+") || key === "+";
  if (key === "" || (isPlain && (!areOn() || isTyping(event.target)))) return;
  const sequence = isPlain && first !== "" && event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${key}` : key;
  first = "";
  if (run(sequence, event.repeat)) event.preventDefault();
  else if (isPlain && sequence === key && candidates().some((one) => one.dataset["shortcut"]?.startsWith(`${key} `))) {
    first = key;
    firstAt = event.timeStamp;
  }
}

// The key as data-shortcut writes it; "" for what is no shortcut's.
function nameOf(event: KeyboardEvent): string {
  if (event.key.length !== 1) return "";
  const isAltGraph = event.getModifierState("AltGraph"); // a character of its own on many keyboards
  if ((event.ctrlKey || event.metaKey) && !isAltGraph) {
    return event.altKey || event.shiftKey ? "" : `mod+${event.key.toLowerCase()}`;
  }
  if (event.altKey && !isAltGraph) return "";
  return event.shiftKey ? event.key : event.key.toLowerCase(); // not by Caps Lock
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null;
}

// What a shortcut may act on now: in the open dialog, or on the page.
function candidates(): HTMLElement[] {
  const dialogs = document.querySelectorAll("dialog:modal");
  const within = dialogs[dialogs.length - 1] ?? document;
  return [...within.querySelectorAll<HTMLElement>("[data-shortcut]")].filter(
    (one) => !one.matches(":disabled, [aria-disabled=true]") && one.closest("[hidden], dialog:not([open])") === null,
  );
}

function run(sequence: string, isRepeat: boolean): boolean {
  const row = rowNow();
  const found = candidates().filter((one) => one.dataset["shortcut"] === sequence);
  const element = found.find((one) => row?.contains(one)) ?? found.find((one) => one.closest("[data-row]") === null);
  if (element !== undefined) {
    if (!isRepeat) use(element);
    return true;
  }
  const isInList = (sequence === "j" || sequence === "k") && document.querySelector("dialog:modal") === null;
  return isInList && move(sequence === "j" ? 1 : -1);
}

function use(element: HTMLElement): void {
  if (!isTyping(element)) return element.click();
  element.focus();
  if (element instanceof HTMLInputElement) element.select();
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-rows] [data-row]")];
}

function rowNow(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>("[data-row]") ?? rows().find((row) => row.id !== "" && row.id === currentRow) ?? null;
}

function move(step: 1 | -1): boolean {
  const all = rows();
  if (all.length === 0) return false;
  const now = rowNow();
  const next = now === null ? all[0] : all[all.indexOf(now) + step];
  const link = next?.querySelector<HTMLElement>("[data-row-link]") ?? next?.querySelector<HTMLElement>("a[href]");
  link?.focus();
  return true;
}

function markRow(row: HTMLElement | null): void {
  if (row === null) return;
  for (const other of document.querySelectorAll("[data-row][data-current]")) other.removeAttribute("data-current");
  row.dataset["current"] = "";
  currentRow = row.id;
}
