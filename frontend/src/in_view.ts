// A box that scrolls begins where what matters in it is: data-shows names it. Only the box is scrolled, never the page.
export function mount(box: HTMLElement): void {
  const shown = box.querySelector<HTMLElement>(box.dataset["shows"] ?? "");
  if (shown === null) return;
  const beside = shown.getBoundingClientRect().right - box.getBoundingClientRect().right;
  if (beside > 0) box.scrollLeft += beside + 8;
  const below = shown.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom;
  if (below > 0) box.scrollTop += below + 8;
}
