// The custom time range: two moments in the reader's zone, sent in UTC.

export function mount(element: HTMLElement): void {
  const form = element.querySelector("form");
  if (form === null) return;
  const inputs = [...form.querySelectorAll<HTMLInputElement>("input[data-moment]")];
  for (const input of inputs) input.value = localText(new Date(Number(input.dataset["moment"])));
  const zone = form.querySelector("[data-zone]");
  if (zone !== null) zone.textContent = `(${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  form.addEventListener("submit", () => {
    for (const input of inputs) {
      const sent = form.elements.namedItem(input.dataset["name"] ?? "");
      if (sent instanceof HTMLInputElement) sent.value = new Date(input.value).toISOString().replace(".000Z", "Z");
    }
  });
}

// What an <input type="datetime-local"> takes.
function localText(moment: Date): string {
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
