// A card of filters: open where there is room beside the list, closed where it would push the list down,
// unless somebody is at work in it.
const BESIDE = "(min-width: 64rem)"; // as .columns in layout.css

export function mount(element: HTMLElement): void {
  if (element instanceof HTMLDetailsElement) element.open = window.matchMedia(BESIDE).matches || element.contains(document.activeElement);
}
