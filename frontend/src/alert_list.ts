// The list of alerts: ticking rows, acting on them, and showing the list again when something was done.
//
// Nothing ticked, a key or button acts on the current row (see shortcuts.ts). A list that is shown again has as many rows as
// before, and the current row is the one that took the old one's place.
import htmx from "htmx.org";

import { announce } from "./copy";
import { toast } from "./toasts";

const CHANGED = "alerts-changed"; // sent by the server when alerts were changed
const BOX = "#alert-rows input[name=alert]";

export function mount(element: HTMLElement): void {
  const list = new AlertList(element);
  const refresh = () => (element.isConnected ? void list.refresh() : document.removeEventListener(CHANGED, refresh));
  document.addEventListener(CHANGED, refresh);
}

class AlertList {
  private rowsCount = 0;

  constructor(private readonly element: HTMLElement) {
    element.addEventListener("change", (event) => this.onChange(event.target as HTMLElement));
    element.addEventListener("click", (event) => this.onClick(event));
    element.addEventListener("submit", () => this.closeAll());
    element.addEventListener("htmx:after:swap", () => this.onMoreRows());
    this.show();
    this.rowsCount = this.rows().length;
  }

  async refresh(): Promise<void> {
    const index = this.rows().findIndex((row) => row.dataset["current"] !== undefined);
    const url = new URL(this.element.dataset["url"] ?? "", location.href);
    url.searchParams.set("rows", String(this.rows().length));
    this.closeAll();
    await htmx.ajax("GET", `${url.pathname}${url.search}`, { target: "#alerts", select: "#alerts", swap: "outerHTML" });
    if (index < 0) return focusIfLost(document.querySelector("#alerts h1"));
    const rows = [...document.querySelectorAll<HTMLElement>("#alert-rows [data-row]")];
    rows[Math.min(index, rows.length - 1)]?.querySelector<HTMLElement>("[data-row-link]")?.focus({ preventScroll: true });
  }

  // The button that asked for them is gone: the keyboard goes on at the first of them.
  private onMoreRows(): void {
    this.show();
    const rows = this.rows();
    focusIfLost(rows[this.rowsCount]?.querySelector<HTMLElement>("[data-row-link]") ?? null);
    this.rowsCount = rows.length;
  }

  private onChange(target: HTMLElement): void {
    if (target.matches("[data-select-page]")) {
      for (const box of this.boxes()) box.checked = (target as HTMLInputElement).checked;
    } else if (!target.matches(BOX)) return;
    this.wantEverything(false);
  }

  private onClick(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>("button");
    if (button === null) return;
    if (button.matches("[data-select-everything]")) this.wantEverything(true);
    if (button.matches("[data-closes]")) this.closeAll();
    if (button.matches("[data-bulk], [data-opens]") && !this.tickSomething()) {
      event.preventDefault();
      return;
    }
    if (button.dataset["opens"] !== undefined) {
      this.element.querySelector<HTMLElement>("#more-actions:popover-open")?.hidePopover();
      this.element.querySelector<HTMLDialogElement>(`#${button.dataset["opens"]}`)?.showModal();
    }
  }

  // Returns whether there is something to act on; the current row is, when nothing is ticked.
  private tickSomething(): boolean {
    if (this.boxes().some((box) => box.checked)) return true;
    const current = this.element.querySelector<HTMLInputElement>("[data-row][data-current] input[name=alert]");
    if (current === null) {
      toast("Select alerts first: tick them, or go to one with j and k.");
      return false;
    }
    current.checked = true;
    this.show();
    return true;
  }

  private wantEverything(isWanted: boolean): void {
    const field = this.element.querySelector<HTMLInputElement>("[data-everything]");
    if (field !== null) field.value = isWanted ? "1" : "";
    this.show();
    if (isWanted) announce(this.element.querySelector("[data-selected]")?.textContent ?? "");
  }

  // Says how many are selected, and offers the rest when the whole page is.
  private show(): void {
    const boxes = this.boxes();
    const count = boxes.filter((box) => box.checked).length;
    const total = Number(this.element.dataset["total"]);
    const maximum = Number(this.element.dataset["targetsMax"]);
    const isEverything = this.element.querySelector<HTMLInputElement>("[data-everything]")?.value === "1";
    const selected = this.element.querySelector<HTMLElement>("[data-selected]");
    const more = this.element.querySelector<HTMLElement>("[data-select-everything]");
    const page = this.element.querySelector<HTMLInputElement>("[data-select-page]");
    if (selected === null || more === null || page === null) return; // somebody who only looks
    page.checked = count > 0 && count === boxes.length;
    page.indeterminate = count > 0 && count < boxes.length;
    more.hidden = isEverything || count < boxes.length || total <= boxes.length;
    more.textContent = total > maximum ? `Select the first ${number(maximum)} of ${number(total)}` : `Select all ${number(total)} that match`;
    if (isEverything) selected.textContent = `${number(Math.min(total, maximum))} selected, also beyond this page`;
    else selected.textContent = count === 0 ? "Select alerts to act on them" : `${number(count)} selected`;
    selected.parentElement?.classList.toggle("active", count > 0);
    for (const row of this.rows()) {
      row.setAttribute("aria-selected", String(row.querySelector<HTMLInputElement>("input[name=alert]")?.checked ?? false));
    }
  }

  private closeAll(): void {
    for (const dialog of this.element.querySelectorAll("dialog")) dialog.close();
    for (const menu of this.element.querySelectorAll<HTMLElement>(":popover-open")) menu.hidePopover();
  }

  private boxes(): HTMLInputElement[] {
    return [...this.element.querySelectorAll<HTMLInputElement>(BOX)];
  }

  private rows(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("#alert-rows [data-row]")];
  }
}

function focusIfLost(element: HTMLElement | null): void {
  if (document.activeElement === document.body) element?.focus({ preventScroll: true });
}

function number(count: number): string {
  return count.toLocaleString("en");
}
