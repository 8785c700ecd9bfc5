// Times in the reader's zone, with the exact moment in UTC on hover. Without scripts the UTC text stays.
import { onContent } from "./content";

const REFRESH_MS = 30_000;
const JUST_NOW_S = 60;
const STEPS: [limitS: number, unitS: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3_600, 60, "minute"],
  [86_400, 3_600, "hour"],
  [7 * 86_400, 86_400, "day"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const hour = new Intl.DateTimeFormat("en-GB", { weekday: "long", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

export function startTimes(): void {
  onContent(showTimes);
  setInterval(() => showTimes(document), REFRESH_MS);
}

export function showTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll("[data-time-zone]")) element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const text = textOf(moment, element.dataset["show"] ?? "relative");
    if (element.textContent !== text) element.textContent = text;
    element.title = `${element.dateTime.replace("T", " ").replace("Z", " UTC")} · ${full.format(moment)}`;
  }
}

function textOf(moment: Date, show: string): string {
  if (show === "date") return date.format(moment);
  if (show === "hour") return hour.format(moment).replace(",", "");
  if (show === "full") return full.format(moment);
  if (show === "short") return short.format(moment);
  if (show === "minute") return minute.format(moment);
  const seconds = (Date.now() - moment.getTime()) / 1000;
  if (Math.abs(seconds) < JUST_NOW_S) return "just now"; // seconds would be wrong before they are refreshed
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  if (step === undefined) return short.format(moment);
  return relative.format(-Math.round(seconds / step[1]), step[2]);
}
