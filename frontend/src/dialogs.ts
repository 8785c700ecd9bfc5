// Buttons that open a <dialog> of the page (data-dialog="id") or close the one they are in (data-close-dialog), and those that
// open one whose code is fetched when it is first opened (data-opens="palette").
import { withChunk } from "./chunks";
import { forget } from "./kept";

const FETCHED: Record<string, () => Promise<{ open: () => void }>> = {
  palette: () => import("./palette"),
  "shortcut-sheet": () => import("./shortcut_sheet"),
};

export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-dialog], [data-close-dialog], [data-opens]");
    if (button === null) return;
    if (button.dataset["closeDialog"] !== undefined) button.closest("dialog")?.close();
    const dialog = document.getElementById(button.dataset["dialog"] ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
    const fetch = FETCHED[button.dataset["opens"] ?? ""];
    if (fetch !== undefined) withChunk(fetch(), (fetched) => fetched.open());
  });
  // What somebody looked at is nobody's business who signs in after them.
  document.querySelector("#sign-out")?.addEventListener("submit", () => forget("recent:"));
}
