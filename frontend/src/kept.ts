// Small things that the browser keeps for its user. Where it keeps nothing (private windows), they last as long as the page.

const PREFIX = "litesoc:";
const unkept = new Map<string, string>();

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return unkept.get(name) ?? null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    unkept.set(name, value);
  }
}

// Forgets everything whose name begins so.
export function forget(start: string): void {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX + start)) localStorage.removeItem(name);
  } catch {
    for (const name of unkept.keys()) if (name.startsWith(start)) unkept.delete(name);
  }
}
