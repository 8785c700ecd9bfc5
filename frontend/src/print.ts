// A button that prints the page. However it is printed, what is folded is on the paper.
export function mount(button: HTMLElement): void {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
  let opened: HTMLDetailsElement[] = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>("main details:not([open])")];
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}
