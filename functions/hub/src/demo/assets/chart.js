// The balance over time, drawn as steps: a balance stays what it is until something is booked.

import { el, svg } from "./dom.js";
import { dateOf, unitsOn } from "./history.js";
import { format } from "./money.js";
import { dayWord } from "./words.js";

const HEIGHT = 280;
const MARGIN = { top: 28, right: 16, bottom: 34, left: 92 };
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const DAY_AND_MONTH = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** Draws into the figure, and again whenever its width changes. */
export function drawChart(figure, history, currency) {
  const readout = el("output", { id: "chart-readout", class: "readout" });
  const plot = el("div", { class: "plot" });
  const caption = el("figcaption", { class: "small muted", id: "chart-caption" }, describe(history.points, currency));
  figure.replaceChildren(el("div", { class: "charthead" }, el("h3", {}, "Balance over time"), readout), plot, caption);
  let width = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth === width || plot.clientWidth === 0) return;
    width = plot.clientWidth;
    plot.replaceChildren(new Chart(history, currency, width, readout).element);
  }).observe(plot);
}

function describe(points, currency) {
  const [first, last] = [points[0], points.at(-1)];
  return `Booked balance in ${currency} at the end of each day, ${dayWord(dateOf(first.day))} to ${dayWord(dateOf(last.day))}. ` +
    "Point at the chart, or focus it and use the arrow keys, to read a day.";
}

class Chart {
  constructor({ points, digits }, currency, width, readout) {
    Object.assign(this, { points, digits, currency, width, readout });
    this.first = points[0].day;
    this.last = points.at(-1).day;
    this.ticks = amountTicks(points.map((point) => point.units), digits);
    this.cursor = this.makeCursor();
    this.element = this.draw();
    this.tell(this.last);
  }

  /** Only here amounts become pixels, by way of a ratio; no amount is computed from it. */
  y(units) {
    const [low, high] = [this.ticks[0], this.ticks.at(-1)];
    const ratio = Number(((units - low) * 1_000_000n) / (high - low)) / 1_000_000;
    return MARGIN.top + (1 - ratio) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  x(day) {
    const span = Math.max(1, this.last - this.first);
    return MARGIN.left + ((day - this.first) / span) * (this.width - MARGIN.left - MARGIN.right);
  }

  draw() {
    const line = this.linePath();
    const base = this.y(nearest(0n, this.ticks[0], this.ticks.at(-1)));
    return svg("svg", {
      viewBox: `0 0 ${this.width} ${HEIGHT}`, width: this.width, height: HEIGHT, tabindex: "0", role: "slider",
      "aria-label": "Balance over time", "aria-describedby": "chart-caption", "aria-orientation": "horizontal",
      "aria-valuemin": "0", "aria-valuemax": String(this.last - this.first),
      pointermove: (event) => this.point(event), pointerdown: (event) => this.point(event),
      pointerleave: () => this.rest(), focus: () => this.read(this.day ?? this.last), blur: () => this.rest(),
      keydown: (event) => this.key(event),
    },
    this.amountAxis(), this.dayAxis(),
    svg("path", { class: "area", d: `${line} V${base} H${this.x(this.first)} Z` }),
    svg("path", { class: "line", d: line }),
    this.cursor.group);
  }

  linePath() {
    const [first, ...rest] = this.points;
    const steps = rest.map(({ day, units }) => `H${this.x(day).toFixed(1)} V${this.y(units).toFixed(1)}`);
    return `M${this.x(first.day).toFixed(1)} ${this.y(first.units).toFixed(1)} ${steps.join(" ")} H${this.x(this.last).toFixed(1)}`;
  }

  amountAxis() {
    const lines = this.ticks.map((units) => [
      svg("line", { class: units === 0n ? "grid zero" : "grid", x1: MARGIN.left, x2: this.width - MARGIN.right, y1: this.y(units), y2: this.y(units) }),
      svg("text", { class: "tick", x: MARGIN.left - 10, y: this.y(units) + 4, "text-anchor": "end" }, wholeAmount(units, this.digits)),
    ]);
    return svg("g", { "aria-hidden": "true" }, lines,
      svg("text", { class: "axis", x: MARGIN.left - 10, y: 12, "text-anchor": "end" }, this.currency));
  }

  dayAxis() {
    const labels = dayTicks(this.first, this.last, Math.floor((this.width - MARGIN.left) / 90));
    return svg("g", { "aria-hidden": "true" }, labels.map(({ day, text }) => [
      svg("line", { class: "grid mark", x1: this.x(day), x2: this.x(day), y1: HEIGHT - MARGIN.bottom, y2: HEIGHT - MARGIN.bottom + 5 }),
      svg("text", { class: "tick", x: this.x(day), y: HEIGHT - MARGIN.bottom + 20, "text-anchor": this.anchor(day) }, text),
    ]));
  }

  /** A label at either end must not stand out over it. */
  anchor(day) {
    const x = this.x(day);
    if (x < MARGIN.left + 20) return "start";
    return x > this.width - MARGIN.right - 20 ? "end" : "middle";
  }

  makeCursor() {
    const line = svg("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
    const dot = svg("circle", { class: "dot", r: 5 });
    return { line, dot, group: svg("g", { class: "hidden", "aria-hidden": "true" }, line, dot) };
  }

  point(event) {
    const box = this.element.getBoundingClientRect();
    const inner = this.width - MARGIN.left - MARGIN.right;
    const ratio = (event.clientX - box.left - MARGIN.left) / inner;
    this.read(this.first + Math.round(ratio * (this.last - this.first)));
  }

  key(event) {
    const from = this.day ?? this.last;
    const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1,
      PageDown: from - 30, PageUp: from + 30, Home: this.first, End: this.last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.read(to);
  }

  /** Moves the cursor to a day and tells its balance. */
  read(day) {
    this.day = Math.min(this.last, Math.max(this.first, day));
    const [x, y] = [this.x(this.day), this.y(unitsOn(this.points, this.day))];
    this.cursor.group.classList.remove("hidden");
    this.cursor.line.setAttribute("x1", x);
    this.cursor.line.setAttribute("x2", x);
    this.cursor.dot.setAttribute("cx", x);
    this.cursor.dot.setAttribute("cy", y);
    this.tell(this.day);
  }

  rest() {
    if (document.activeElement === this.element) return;
    this.cursor.group.classList.add("hidden");
    this.day = undefined;
    this.tell(this.last);
  }

  tell(day) {
    const text = `${dayWord(dateOf(day))}: ${format(unitsOn(this.points, day), this.digits)} ${this.currency}`;
    this.readout.textContent = text;
    this.element.setAttribute("aria-valuenow", String(day - this.first));
    this.element.setAttribute("aria-valuetext", text);
  }
}

/** Round amounts from below the lowest to above the highest, four to seven of them. */
export function amountTicks(amounts, digits) {
  const low = amounts.reduce((a, b) => (b < a ? b : a));
  const high = amounts.reduce((a, b) => (b > a ? b : a));
  const step = roundStep((high - low) / 4n, 10n ** BigInt(digits));
  const ticks = [floorTo(low, step)];
  while (ticks.at(-1) < high || ticks.length < 2) ticks.push(ticks.at(-1) + step);
  return ticks;
}

/** The smallest of 1, 2, 5, 10, 20, 50 … times `one` that is not below the amount. */
function roundStep(amount, one) {
  for (let power = one; ; power *= 10n) {
    for (const step of [power, 2n * power, 5n * power]) if (step >= amount) return step;
  }
}

/** The amount, or the end of the range that it lies beyond. */
function nearest(amount, low, high) {
  if (amount < low) return low;
  return amount > high ? high : amount;
}

function floorTo(amount, step) {
  const rest = ((amount % step) + step) % step;
  return amount - rest;
}

function wholeAmount(units, digits) {
  const text = format(units, digits);
  return text.slice(0, text.length - digits - 1);
}

/** Days worth a label, at most so many: firsts of months if the time is long enough, else evenly spread days. */
export function dayTicks(first, last, most) {
  const firsts = monthStarts(first, last);
  if (firsts.length >= 3) return thin(firsts, most).map((day) => ({ day, text: monthWord(day) }));
  const step = Math.max(1, Math.ceil((last - first) / Math.max(1, most - 1)));
  const days = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => first + at * step);
  return days.map((day) => ({ day, text: DAY_AND_MONTH.format(new Date(dateOf(day))) }));
}

function monthStarts(first, last) {
  const starts = [];
  for (let day = first; day <= last; day += 1) if (dateOf(day).endsWith("-01")) starts.push(day);
  return starts;
}

function thin(days, most) {
  const keep = Math.ceil(days.length / Math.max(1, most));
  return days.filter((_, at) => at % keep === 0);
}

function monthWord(day) {
  const date = dateOf(day);
  const month = MONTH.format(new Date(date));
  return date.slice(5, 7) === "01" ? `${month} ${date.slice(0, 4)}` : month;
}

