// Chunks are fetched when a page first needs them; one that does not come is said, not passed over.
import { toast } from "./toasts";

export function withChunk<T>(load: Promise<T>, use: (chunk: T) => void): void {
  load.then(use, () => toast("A part of this page could not be loaded. Check your connection and reload.", "bad"));
}
