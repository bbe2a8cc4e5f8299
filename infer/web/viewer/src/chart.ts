// Lines in a diagram, as SVG.
import { svg } from './dom.js';

/** A line's points, by increasing x. Where y is NaN the line is broken. */
export interface Line {
  readonly name: string;
  /** Of the style sheet: how it is drawn. */
  readonly kind: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  /** What is seen, for those who do not see it. */
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const [WIDTH, HEIGHT] = [360, 230];
/** Around the lines: for numbers and names of the axes, and the lines' names. */
const EDGE = { left: 48, right: 10, top: 24, bottom: 38 };

/** A step of 1, 2 or 5 times a power of ten, so that a range takes at most so many. */
function stepFor(range: number, most: number): number {
  const rough = range / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((one) => one * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

interface Axis {
  readonly ticks: readonly string[];
  /** Where a value lies, from 0 to 1. */
  at(value: number): number;
}

/** An axis that holds all values: from one of its ticks to another, or, where `tight`, from the least value to the greatest. */
function axisFor(values: readonly number[], most: number, tight: boolean): Axis {
  const known = values.filter(Number.isFinite);
  const [least, greatest] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [0, 1];
  const step = stepFor(greatest - least, most);
  const first = (tight ? Math.ceil : Math.floor)(least / step);
  const last = Math.max(tight ? first : first + 1, (tight ? Math.floor : Math.ceil)(greatest / step));
  const [from, to] = tight ? [least, greatest] : [first * step, last * step];
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => ((first + i) * step).toFixed(digits)),
    at: (value) => (value - from) / (to - from || 1),
  };
}

/** A path through points of the picture, in pieces where one is NaN. */
function pathOf(points: readonly (readonly [number, number])[]): string {
  let pen = 'M';
  let path = '';
  for (const [x, y] of points) {
    if (Number.isFinite(y)) path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = Number.isFinite(y) ? 'L' : 'M';
  }
  return path;
}

/** A diagram of some lines, with axes. */
export function lineChart(lines: readonly Line[], { title, x, y }: ChartOptions): SVGSVGElement {
  const all = lines.flatMap(({ points }) => points.filter(([, value]) => Number.isFinite(value)));
  const xs = all.map(([value]) => value);
  const across = axisFor(xs, 6, true);
  const ys = all.map(([, value]) => value);
  const up = axisFor([0, ...ys], 5, false);
  const px = (value: number) => EDGE.left + across.at(value) * (WIDTH - EDGE.left - EDGE.right);
  const py = (value: number) => HEIGHT - EDGE.bottom - up.at(value) * (HEIGHT - EDGE.top - EDGE.bottom);
  const bottom = HEIGHT - EDGE.bottom;
  const right = WIDTH - EDGE.right;
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': title },
    ...up.ticks.flatMap((tick) => [
      svg('path', { class: 'grid', d: `M${EDGE.left} ${py(Number(tick))}H${right}` }),
      svg('text', { x: EDGE.left - 6, y: py(Number(tick)) + 4, class: 'end' }, tick),
    ]),
    ...across.ticks.flatMap((tick) => [
      svg('path', { class: 'tick', d: `M${px(Number(tick))} ${bottom}v4` }),
      svg('text', { x: px(Number(tick)), y: bottom + 16, class: 'middle' }, tick),
    ]),
    svg('text', { x: (EDGE.left + right) / 2, y: HEIGHT - 4, class: 'middle' }, x),
    svg('text', { x: 12, y: (EDGE.top + bottom) / 2, class: 'middle upright' }, y),
    ...lines.flatMap(({ name, kind, points }, i) => [
      svg('path', { class: `line ${kind}`, d: pathOf(points.map(([a, b]) => [px(a), py(b)])) }),
      svg('path', { class: `line ${kind}`, d: `M${EDGE.left + i * 130} 10h18` }),
      svg('text', { x: EDGE.left + i * 130 + 24, y: 14 }, name),
    ]),
  );
}
