// Short messages in the corner. The server adds one by swapping into #toasts; scripts call toast().
// They stay while the pointer or the keyboard is on them, so that an undo can be reached. data-stays says for how many seconds
// one stays otherwise; 0 is until it is closed or replaced.

const STAYS_MS = 12_000;

export function startToasts(): void {
  const region = document.querySelector("#toasts");
  if (region === null) return;
  for (const element of region.children) watch(element as HTMLElement);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof HTMLElement) watch(node);
    }
  }).observe(region, { childList: true });
}

export function toast(text: string, kind: "good" | "bad" | "info" = "info"): void {
  const element = document.createElement("div");
  element.className = `toast ${kind}`;
  element.textContent = text;
  document.querySelector("#toasts")?.append(element);
}

function watch(element: HTMLElement): void {
  let timer = 0;
  const staysMs = element.dataset["stays"] === undefined ? STAYS_MS : Number(element.dataset["stays"]) * 1_000;
  const start = () => staysMs > 0 && (timer = window.setTimeout(() => element.remove(), staysMs));
  const stop = () => window.clearTimeout(timer);
  element.addEventListener("pointerenter", stop);
  element.addEventListener("focusin", stop);
  element.addEventListener("pointerleave", start);
  element.addEventListener("focusout", start);
  element.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-dismiss]")) element.remove();
  });
  start();
}
