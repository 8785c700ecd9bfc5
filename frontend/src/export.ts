// Saves a list as a file and tells how far it is. Without this the links simply download.

const LINE_FEED = 10;

export function mount(menu: HTMLElement): void {
  menu.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[download]");
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    menu.hidePopover();
    void new Download(link.href).run();
  });
}

class Download {
  private readonly stop = new AbortController();
  private readonly toast = document.createElement("div");
  private readonly text = document.createElement("span");
  private readonly bar = document.createElement("progress");
  private readonly button = document.createElement("button");
  private rows = 0;

  constructor(private readonly address: string) {
    this.toast.className = "toast download";
    this.button.type = "button";
    this.button.className = "button small";
    this.button.textContent = "Cancel";
    this.button.addEventListener("click", () => {
      this.stop.abort();
      this.toast.remove();
    });
    this.bar.ariaLabel = "Rows saved";
    const told = document.createElement("div");
    told.className = "stack-tight";
    told.append(this.text, this.bar);
    this.toast.append(told, this.button);
  }

  async run(): Promise<void> {
    document.querySelector("#toasts")?.append(this.toast);
    this.tell("Preparing the file…");
    try {
      const answer = await fetch(this.address, { signal: this.stop.signal });
      if (!answer.ok || answer.body === null || !answer.headers.has("Content-Disposition")) throw new Error("refused");
      const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "export";
      const total = Number(answer.headers.get("X-Total-Count") ?? 0);
      save(new Blob(await this.read(answer.body, total), { type: answer.headers.get("Content-Type") ?? "" }), name);
      this.tell(`Saved ${name}`);
      this.bar.remove();
      this.button.textContent = "Close";
    } catch {
      if (this.stop.signal.aborted) return;
      this.toast.classList.add("bad");
      this.tell("The file could not be saved whole. Try again.");
      this.bar.remove();
      this.button.textContent = "Close";
    }
  }

  private async read(body: ReadableStream<Uint8Array<ArrayBuffer>>, total: number): Promise<Uint8Array<ArrayBuffer>[]> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return pieces;
      pieces.push(value);
      for (const byte of value) if (byte === LINE_FEED) this.rows += 1;
      // The first line is a header, or the opening of an array.
      const rows = Math.max(0, this.rows - 1);
      if (total > 0) {
        this.bar.max = total;
        this.bar.value = Math.min(rows, total);
      }
      this.tell(total > 0 ? `Saving ${Math.min(rows, total).toLocaleString("en")} of ${total.toLocaleString("en")} rows` : `Saving ${rows.toLocaleString("en")} rows`);
    }
  }

  private tell(text: string): void {
    this.text.textContent = text;
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
