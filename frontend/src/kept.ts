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
