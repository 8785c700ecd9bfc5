// The query bar: offers fields and values at the cursor. Arrows move, Tab or Enter takes, Escape closes; without an offer
// chosen, Enter searches. The form works without any of this.

interface Offer {
  text: string;
  help: string;
}
interface Completion {
  start: number;
  end: number;
  suggestions: Offer[];
}

const WAIT_MS = 120; // after the last key
let count = 0;

export function mount(form: HTMLElement): void {
  const input = form.querySelector<HTMLInputElement>("input[name=q]");
  if (input !== null) new QueryBar(form, input);
}

class QueryBar {
  private readonly list = document.createElement("ul");
  private completion: Completion | null = null;
  private chosen = -1;
  private timer = 0;
  private asked = 0; // number of the latest question: answers to earlier ones are late

  constructor(private readonly form: HTMLElement, private readonly input: HTMLInputElement) {
    this.list.id = `completion-${++count}`;
    this.list.className = "completion";
    this.list.role = "listbox";
    this.list.ariaLabel = "Suggestions";
    this.list.hidden = true;
    form.append(this.list);
    input.role = "combobox";
    input.ariaAutoComplete = "list";
    input.ariaExpanded = "false";
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", () => this.askSoon());
    input.addEventListener("click", () => this.askSoon());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => this.onPointer(event));
  }

  private askSoon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), WAIT_MS);
  }

  private async ask(): Promise<void> {
    const number = ++this.asked;
    const address = new URL(this.form.dataset["completion"] ?? "", location.href);
    const text = this.input.value;
    for (const name of ["range", "from", "to"]) {
      const value = new URLSearchParams(location.search).get(name);
      if (value !== null) address.searchParams.set(name, value);
    }
    address.searchParams.set("text", text);
    // The server counts characters, the browser UTF-16 units.
    address.searchParams.set("cursor", String([...text.slice(0, this.input.selectionStart ?? text.length)].length));
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok !== true || !answer.headers.get("Content-Type")?.startsWith("application/json")) return;
    const completion = (await answer.json()) as Completion;
    if (number !== this.asked || document.activeElement !== this.input || this.input.value !== text) return;
    this.show(completion);
  }

  private show(completion: Completion): void {
    this.completion = completion;
    this.chosen = -1;
    this.list.replaceChildren(...completion.suggestions.map((offer, number) => this.option(offer, number)));
    this.setOpen(completion.suggestions.length > 0);
  }

  private option(offer: Offer, number: number): HTMLElement {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${number}`;
    option.role = "option";
    option.ariaSelected = "false";
    const text = document.createElement("bdi");
    text.textContent = offer.text;
    const help = document.createElement("span");
    help.className = "soft small";
    help.textContent = offer.help;
    option.append(text, " ", help);
    return option;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) void this.ask();
      else this.choose(this.chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab" && !event.shiftKey && !this.list.hidden && this.input.value !== "") {
      event.preventDefault();
      this.take(Math.max(this.chosen, 0));
    } else if (event.key === "Enter" && !this.list.hidden && this.chosen >= 0) {
      event.preventDefault();
      this.take(this.chosen);
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight" || event.key === "Home" || event.key === "End") {
      this.askSoon();
    }
  }

  private onPointer(event: PointerEvent): void {
    event.preventDefault(); // the field keeps the focus
    const option = (event.target as Element).closest("[role=option]");
    if (option !== null) this.take([...this.list.children].indexOf(option));
  }

  private choose(number: number): void {
    const options = [...this.list.children] as HTMLElement[];
    this.chosen = (number + options.length) % options.length;
    for (const [at, option] of options.entries()) option.ariaSelected = String(at === this.chosen);
    const option = options[this.chosen];
    option?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  private take(number: number): void {
    const offer = this.completion?.suggestions[number];
    if (this.completion === null || offer === undefined) return;
    const characters = [...this.input.value];
    const before = characters.slice(0, this.completion.start).join("") + offer.text;
    const after = characters.slice(this.completion.end).join("");
    // A field or a key of the metadata waits for its value; anything else is done.
    const isDone = !offer.text.endsWith(":") && !offer.text.endsWith(".");
    const blank = isDone && !after.startsWith(" ") ? " " : "";
    this.input.value = before + blank + after;
    this.input.setSelectionRange(before.length + (isDone ? 1 : 0), before.length + (isDone ? 1 : 0));
    this.close();
    if (!isDone) void this.ask();
  }

  private close(): void {
    clearTimeout(this.timer);
    this.asked += 1;
    this.completion = null;
    this.chosen = -1;
    this.setOpen(false);
  }

  private setOpen(isOpen: boolean): void {
    this.list.hidden = !isOpen;
    this.input.ariaExpanded = String(isOpen);
    this.input.removeAttribute("aria-activedescendant");
  }
}
