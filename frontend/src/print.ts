// A button that prints the page.
export function mount(button: HTMLElement): void {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
