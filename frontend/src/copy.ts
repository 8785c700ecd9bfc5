// Buttons that copy a text: <button data-copy="…">, data-copy-from="#id" for what another element shows, or data-copy-link
// for the address of the page, without what is only about the list it was opened from.

const SHOWN_MS = 1_500;

export function startCopying(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy], [data-copy-from], [data-copy-link]");
    if (button === null) return;
    event.preventDefault();
    void copy(button);
  });
}

async function copy(button: HTMLElement): Promise<void> {
  await write(textOf(button));
  button.classList.add("copied");
  announce("Copied");
  setTimeout(() => button.classList.remove("copied"), SHOWN_MS);
}

function textOf(button: HTMLElement): string {
  if (button.dataset["copyLink"] !== undefined) return location.origin + location.pathname;
  const source = button.dataset["copyFrom"];
  return (source === undefined ? button.dataset["copy"] : document.querySelector(source)?.textContent) ?? "";
}

async function write(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http has no clipboard interface
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// Says something to screen readers through the page's live region.
export function announce(text: string): void {
  const region = document.querySelector("#announcements");
  if (region !== null) region.textContent = text;
}
