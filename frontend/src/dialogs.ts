// Buttons that open a <dialog> (data-dialog="id") or close the one they are in (data-close-dialog).

export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-dialog], [data-close-dialog]");
    if (button === null) return;
    if (button.dataset["closeDialog"] !== undefined) button.closest("dialog")?.close();
    const dialog = document.getElementById(button.dataset["dialog"] ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  });
}
