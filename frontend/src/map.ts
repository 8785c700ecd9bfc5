// A world map with points and travel arcs. The element holds JSON: see MapData. Each point is a link, so the keyboard
// reaches it; a table beside the map says the same.
import { geoEqualEarth, geoInterpolate, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import world from "world-atlas/countries-110m.json";

import { readJson } from "./content";

interface Point {
  latitude: number; // degrees
  longitude: number; // degrees
  label: string; // what it is, for people
  severity: string; // class of the point: low, medium, high, critical, info
  count: number; // sets the size
  url?: string;
}
interface Arc {
  from: [latitude: number, longitude: number];
  to: [latitude: number, longitude: number];
  label: string;
}
interface MapData {
  points: Point[];
  arcs: Arc[];
}

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 960;
const HEIGHT = 430;
const RADIUS = { min: 4, max: 16 };
const ARC_STEPS = 48;
const LARGEST_MIN = 40; // events; a place with few is small even where it is the only one

const topology = world as unknown as Topology<{ countries: GeometryCollection }>;

export function mount(element: HTMLElement): void {
  const { points, arcs } = readJson<MapData>(element);
  const projection = geoEqualEarth().fitExtent([[4, 4], [WIDTH - 4, HEIGHT + 40]], { type: "Sphere" });
  const path = geoPath(projection);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": element.dataset["label"] ?? "Map" });
  const countries = feature(topology, topology.objects.countries).features;
  const land = make("g", { "aria-hidden": "true" });
  for (const country of countries) {
    if (country.id !== "010") land.append(make("path", { class: "country", d: path(country) ?? "" })); // without Antarctica
  }
  svg.append(land);
  for (const arc of arcs) svg.append(drawArc(arc, path));
  const largest = Math.max(LARGEST_MIN, ...points.map((point) => point.count));
  for (const point of [...points].sort((one, other) => other.count - one.count)) {
    const place = projection([point.longitude, point.latitude]);
    if (place !== null) svg.append(drawPoint(point, place, largest));
  }
  element.append(svg);
  showTips(element, svg);
}

function drawArc(arc: Arc, path: ReturnType<typeof geoPath>): SVGElement {
  const between = geoInterpolate([arc.from[1], arc.from[0]], [arc.to[1], arc.to[0]]);
  const coordinates = Array.from({ length: ARC_STEPS + 1 }, (_, step) => between(step / ARC_STEPS));
  const line = make("path", { class: "arc", d: path({ type: "LineString", coordinates }) ?? "" });
  line.append(titled(arc.label));
  return line;
}

function drawPoint(point: Point, [x, y]: [number, number], largest: number): SVGElement {
  const radius = RADIUS.min + (RADIUS.max - RADIUS.min) * Math.sqrt(point.count / largest);
  const circle = make("circle", { class: `point ${point.severity}`, cx: x, cy: y, r: radius });
  if (point.url === undefined) {
    circle.append(titled(point.label));
    return circle;
  }
  const link = make("a", { href: point.url, "aria-label": point.label, "data-tip": point.label });
  link.append(circle);
  return link;
}

function showTips(element: HTMLElement, svg: SVGElement): void {
  const tip = document.createElement("div");
  tip.className = "map-tip";
  tip.hidden = true;
  element.append(tip);
  const show = (event: Event) => {
    const target = (event.target as Element).closest("[data-tip]");
    tip.hidden = target === null;
    if (target === null) return;
    const box = target.getBoundingClientRect();
    const frame = element.getBoundingClientRect();
    tip.textContent = target.getAttribute("data-tip");
    tip.style.left = `${Math.min(box.left - frame.left + box.width, frame.width - 160)}px`;
    tip.style.top = `${box.bottom - frame.top + 4}px`;
  };
  svg.addEventListener("pointerover", show);
  svg.addEventListener("focusin", show);
  svg.addEventListener("focusout", () => (tip.hidden = true));
}

function titled(text: string): SVGElement {
  const title = make("title", {});
  title.textContent = text;
  return title;
}

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value));
  return element;
}
