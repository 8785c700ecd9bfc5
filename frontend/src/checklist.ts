// A list of things to do: what is ticked stays so in this browser. data-name tells the lists apart.
import { keep, recall } from "./kept";

export function mount(element: HTMLElement): void {
  const name = `done:${element.dataset["name"] ?? ""}`;
  const boxes = [...element.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
  const done = new Set((recall(name) ?? "").split(","));
  boxes.forEach((box, index) => (box.checked = done.has(String(index))));
  element.addEventListener("change", () => {
    keep(name, boxes.flatMap((box, index) => (box.checked ? [String(index)] : [])).join(","));
  });
}
