// Puts a menu that opens below the button that opened it, inside the window.

const GAP = 4; // CSS pixels

interface Swap {
  tasks: { target?: Element | string }[];
}

export function startMenus(): void {
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu:popover-open")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    if (button !== null) place(menu, button.getBoundingClientRect());
  }, { capture: true });
  // htmx copies the style attribute of what it replaces by an element of the same id, which the policy forbids: the place
  // of a menu, and the size that somebody pulled a text field to. What is elsewhere on the page keeps them.
  document.addEventListener("htmx:before:swap", (event) => {
    const { tasks } = (event as CustomEvent<Swap>).detail;
    for (const one of document.querySelectorAll(".menu[style], textarea[style]")) {
      if (tasks.some((task) => elementOf(task.target)?.contains(one))) one.removeAttribute("style");
    }
  });
}

function elementOf(target: Element | string | undefined): Element | null {
  return typeof target === "string" ? document.querySelector(target) : (target ?? null);
}

function place(menu: HTMLElement, button: DOMRect): void {
  const space = document.documentElement.clientWidth - menu.offsetWidth - GAP;
  const below = button.bottom + GAP;
  const isTooLow = below + menu.offsetHeight > window.innerHeight && button.top > menu.offsetHeight;
  menu.style.left = `${Math.max(GAP, Math.min(button.left, space))}px`;
  menu.style.top = `${isTooLow ? button.top - menu.offsetHeight - GAP : below}px`;
}
