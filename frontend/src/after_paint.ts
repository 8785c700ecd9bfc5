// Asks for the parts of a page that come after it only once the page itself is painted: before, they would be in its way.
import { onContent } from "./content";

export function startAfterPaint(): void {
  onContent((root) => {
    const parts = root.querySelectorAll<HTMLElement>("[data-after-paint]");
    if (parts.length === 0) return;
    // A timer that is set while a frame is being made fires after that frame.
    requestAnimationFrame(() => setTimeout(() => parts.forEach(ask)));
  });
}

function ask(part: HTMLElement): void {
  if (!part.hasAttribute("data-after-paint")) return; // asked for by another swap meanwhile
  part.removeAttribute("data-after-paint");
  part.dispatchEvent(new Event("painted")); // what its hx-trigger waits for
}
