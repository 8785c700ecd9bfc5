// Runs a function on the page's content, and again on everything that htmx swaps in.

type OnContent = (root: ParentNode) => void;

export function onContent(run: OnContent): void {
  run(document);
  document.addEventListener("htmx:after:swap", () => run(document));
}

// Reads the JSON that the server wrote into <script type="application/json"> inside an element.
export function readJson<T>(element: HTMLElement): T {
  return JSON.parse(element.querySelector('script[type="application/json"]')?.textContent ?? "null") as T;
}
