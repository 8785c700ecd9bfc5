// New rows on top of a list, pushed by the server. Pausing holds them back and counts them; a lost connection is told, and
// what was missed comes when it is back.
import { showTimes } from "./times";

interface Rows {
  html: string;
  passed_over: number;
}
type State = "live" | "paused" | "lost" | "away";

const ROWS_MAX = 200; // in the list, and held back
const RETRY_MS = 4_000; // after the server refused, then twice as long each time; a broken connection the browser takes up itself
const RETRY_MAX_MS = 120_000;
const NEW_MS = 2_500; // how long a new row is marked

export function mount(element: HTMLElement): void {
  const body = document.querySelector<HTMLElement>(element.dataset["rows"] ?? "");
  if (body !== null) new Feed(element, body);
}

class Feed {
  private source: EventSource | null = null;
  private last = ""; // the latest position, for a connection that begins anew
  private state: State = "lost";
  private isPaused = false;
  private held: HTMLElement[] = []; // newest first
  private heldCount = 0;
  private passedOver = 0;
  private retryMs = RETRY_MS;
  private readonly hasOlder: boolean;

  constructor(private readonly element: HTMLElement, private readonly body: HTMLElement) {
    this.hasOlder = "older" in element.dataset;
    this.part("pause")?.addEventListener("click", () => this.togglePause());
    this.connect();
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
    // Browsers keep six connections to a server: a tab that nobody sees gives its own back, and catches up later.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.source?.close() : this.connect()));
  }

  private connect(): void {
    this.source?.close();
    const address = new URL(this.element.dataset["stream"] ?? "", location.href);
    if (this.last !== "") address.searchParams.set("last", this.last);
    const source = new EventSource(address);
    this.source = source;
    source.addEventListener("open", () => {
      this.retryMs = RETRY_MS;
      this.show("live");
    });
    source.addEventListener("rows", (event: MessageEvent<string>) => {
      this.last = event.lastEventId;
      this.take(JSON.parse(event.data) as Rows);
      this.show("live");
    });
    source.addEventListener("away", () => this.show("away"));
    source.addEventListener("error", () => {
      this.show("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.source === source && !document.hidden && this.connect(), this.retryMs);
      this.retryMs = Math.min(2 * this.retryMs, RETRY_MAX_MS);
    });
  }

  private take({ html, passed_over }: Rows): void {
    const rows = rowsIn(html).filter((row) => document.getElementById(row.id) === null && !this.held.some((one) => one.id === row.id));
    if (this.isPaused) {
      this.held = [...rows, ...this.held].slice(0, ROWS_MAX);
      this.heldCount += rows.length + passed_over;
      return;
    }
    this.passedOver += passed_over;
    this.insert(rows);
  }

  // Rows are in order of event time; one that comes late finds its place among the others.
  private insert(rows: HTMLElement[]): void {
    if (rows.length > 0) document.querySelector("[data-feed-empty]")?.remove();
    for (const row of rows.reverse()) {
      const next = ([...this.body.children] as HTMLElement[]).find((one) => Number(one.dataset["at"]) <= Number(row.dataset["at"]));
      // What is older than everything here is on the next page, where there is one.
      if (next === undefined && (this.hasOlder || this.body.children.length >= ROWS_MAX)) continue;
      row.classList.add("is-new");
      setTimeout(() => row.classList.remove("is-new"), NEW_MS);
      this.body.insertBefore(row, next ?? null);
      showTimes(row);
    }
    while (this.body.children.length > ROWS_MAX) this.body.lastElementChild?.remove();
  }

  private togglePause(): void {
    this.isPaused = !this.isPaused;
    if (!this.isPaused) {
      this.passedOver += Math.max(0, this.heldCount - this.held.length);
      this.insert(this.held);
      this.held = [];
      this.heldCount = 0;
    }
    this.show(this.state);
  }

  private show(state: State): void {
    this.state = state;
    const shown = state === "live" && this.isPaused ? "paused" : state;
    this.element.dataset["state"] = shown;
    setText(this.element.querySelector("[data-feed-state]"), TEXTS[shown]);
    setText(this.element.querySelector("[data-feed-held]"), this.isPaused ? `${this.heldCount.toLocaleString("en")} new` : "");
    const more = this.passedOver > 0 ? `${this.passedOver.toLocaleString("en")} more came too fast to be shown. Narrow the search, or reload.` : "";
    setText(this.element.querySelector("[data-feed-more]"), more);
    this.part("pause-icon")?.toggleAttribute("hidden", this.isPaused);
    this.part("resume-icon")?.toggleAttribute("hidden", !this.isPaused);
    setText(this.element.querySelector("[data-feed-pause-text]"), this.isPaused ? "Resume" : "Pause");
  }

  private part(name: string): HTMLElement | null {
    return this.element.querySelector(`[data-feed-${name}]`);
  }
}

const TEXTS: Record<State, string> = {
  live: "Live: new events appear here",
  paused: "Paused",
  lost: "Connection lost. Trying again…",
  away: "The event store does not answer. Trying again…",
};

function rowsIn(html: string): HTMLElement[] {
  const template = document.createElement("template");
  template.innerHTML = `<table><tbody>${html}</tbody></table>`;
  return [...template.content.querySelectorAll<HTMLElement>("tbody > tr")].map((row) => document.importNode(row, true));
}

function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}
