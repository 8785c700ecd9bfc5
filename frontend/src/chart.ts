// A stacked chart over time (uPlot). The element holds JSON: see ChartData. A range picked with the pointer becomes
// from and to in the address.
import uPlot from "uplot";

import { readJson } from "./content";

interface Series {
  label: string;
  colour: string; // name of a design token, e.g. "critical"
  values: number[];
}
interface ChartData {
  times: number[]; // Unix seconds, beginning of each bucket
  bucket_s: number;
  is_fixed?: boolean; // what it shows does not go by the time range of the page
  series: Series[]; // drawn from the bottom upwards
}

const HEIGHT = 208; // CSS pixels
const COMPACT_FROM = 10_000; // on the axis: 150K in place of 150,000
const compact = new Intl.NumberFormat("en", { notation: "compact" });
const DRAG_MIN = 8; // CSS pixels; less is a click
const DAY_S = 86_400;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export function mount(element: HTMLElement): void {
  const data = readJson<ChartData>(element);
  let plot = draw(element, data);
  const redraw = () => {
    plot.destroy();
    plot = draw(element, data);
  };
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
  document.addEventListener("litesoc:theme", redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

function draw(element: HTMLElement, data: ChartData): uPlot {
  const colour = (name: string) => resolve(element, `--${name}`);
  const stacked = stack(data.series);
  const soft = colour("text-soft");
  const axis = { stroke: soft, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px Inter, system-ui, sans-serif" };
  const bars = uPlot.paths.bars?.({ size: [0.9, 40], align: 1 });
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { live: true },
    cursor: { drag: { x: data.is_fixed !== true, y: false, setScale: false }, points: { show: false } },
    scales: { x: { time: true, range: () => xRange(data) }, y: { range: (_, __, max) => [0, Math.max(max, 1)] } },
    axes: [{ ...axis, values: (_, ticks) => timesOf(ticks) }, { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? (tick < COMPACT_FROM ? tick.toLocaleString("en") : compact.format(tick)) : "")) }],
    series: [
      // While nothing is pointed at, the legend says what the whole is.
      { label: "Time", value: (_, at) => (at === null ? "all" : moment.format(at * 1000)) },
      // The tallest first, so that the ones below are drawn over it.
      ...data.series.map((series) => ({
        label: series.label,
        stroke: colour(series.colour),
        fill: colour(series.colour),
        width: 0,
        ...(bars === undefined ? {} : { paths: bars }),
        points: { show: false },
        value: (_: uPlot, __: number, ___: number, at: number | null) => (at === null ? sum(series.values) : (series.values[at] ?? 0)).toLocaleString("en"),
      })).reverse(),
    ],
    hooks: { setSelect: [(plot) => pick(plot, data.bucket_s)] },
  };
  return new uPlot(options, [data.times, ...stacked.reverse()], element);
}

function sum(values: number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function stack(series: Series[]): number[][] {
  const sums: number[] = [];
  return series.map(({ values }) => values.map((value, at) => (sums[at] = (sums[at] ?? 0) + value)));
}

// Days where the ticks are days apart; else hours, and the day where it begins.
function timesOf(ticks: number[]): string[] {
  const isDaily = ticks.length > 1 && (ticks[1] ?? 0) - (ticks[0] ?? 0) >= DAY_S;
  let shown = "";
  return ticks.map((tick) => {
    const date = day.format(tick * 1000);
    if (isDaily) return date;
    const isNew = date !== shown;
    shown = date;
    return isNew ? `${clock.format(tick * 1000)}\n${date}` : clock.format(tick * 1000);
  });
}

function xRange(data: ChartData): [number, number] {
  const first = data.times[0] ?? 0;
  return [first, (data.times.at(-1) ?? first) + data.bucket_s];
}

// A canvas needs plain colours; light-dark() is only resolved where it is used.
function resolve(element: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function pick(plot: uPlot, bucketS: number): void {
  if (plot.select.width < DRAG_MIN) return;
  const bucketAt = (pixel: number) => Math.round(plot.posToVal(pixel, "x") / bucketS) * bucketS;
  const from = bucketAt(plot.select.left);
  const to = Math.max(bucketAt(plot.select.left + plot.select.width), from + bucketS);
  const address = new URL(location.href);
  address.searchParams.delete("range");
  for (const gone of ["before", "after"]) address.searchParams.delete(gone);
  address.searchParams.set("from", new Date(from * 1000).toISOString().replace(".000", ""));
  address.searchParams.set("to", new Date(to * 1000).toISOString().replace(".000", ""));
  location.assign(address);
}
