// Light, dark or as the system: kept in a cookie, so that the server writes the right page from the start.

const COOKIE = "litesoc_theme";
const YEAR_S = 365 * 86_400;

export function startTheme(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-theme-choice]");
    if (button === null) return;
    choose(button.dataset["themeChoice"] ?? "auto");
  });
  show(document.documentElement.dataset["theme"] ?? "auto");
}

function choose(theme: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  show(theme);
  document.dispatchEvent(new CustomEvent("litesoc:theme"));
}

function show(theme: string): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset["themeChoice"] === theme));
  }
}
