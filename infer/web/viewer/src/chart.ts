// Lines in a diagram, as SVG.
import { svg } from './dom.js';

/** A line's points, by increasing x. Where y is NaN the line is broken. */
export interface Line {
  readonly name: string;
  /** Of the style sheet: how it is drawn. */
  readonly kind: string;
  /** What stands at its end; where absent, its name stands above the diagram. */
  readonly mark?: string;
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
const EDGE = { left: 48, right: 16, top: 24, bottom: 38 };
/** Between marks, one below the other. */
const MARK_HEIGHT = 11;
/** Of a name above the diagram. */
const NAME_WIDTH = 130;

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

interface Scales {
  px(value: number): number;
  py(value: number): number;
}

/** The axes with their ticks, numbers and names. */
function axes(across: Axis, up: Axis, { px, py, x, y }: Scales & Pick<ChartOptions, 'x' | 'y'>): SVGElement[] {
  const [bottom, right] = [HEIGHT - EDGE.bottom, WIDTH - EDGE.right];
  return [
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
  ];
}

/** Heights that are moved apart, as little as can be downwards, then upwards where there is no more room. */
function spread(heights: readonly number[], least: number, lowest: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const moved = [...heights];
  for (const [n, i] of order.entries()) if (n > 0) moved[i] = Math.max(moved[i]!, moved[order[n - 1]!]! + least);
  for (const [n, i] of order.toReversed().entries())
    moved[i] = Math.min(moved[i]!, n > 0 ? moved[order.at(-n)!]! - least : lowest);
  return moved;
}

/** What stands at the ends of lines that have a mark. */
function marks(lines: readonly Line[], { py }: Scales): SVGElement[] {
  const ends = lines.flatMap(({ mark, kind, points }) => {
    const last = points.findLast(([, value]) => Number.isFinite(value));
    return mark === undefined || !last ? [] : [{ mark, kind, height: py(last[1]) }];
  });
  const heights = spread(
    ends.map(({ height }) => height),
    MARK_HEIGHT,
    HEIGHT - EDGE.bottom,
  );
  return ends.map(({ mark, kind }, i) =>
    svg('text', { x: WIDTH - EDGE.right + 4, y: heights[i]! + 4, class: `mark ${kind}` }, mark),
  );
}

/** A diagram of some lines, with axes; the last is on top. */
export function lineChart(lines: readonly Line[], { title, x, y }: ChartOptions): SVGSVGElement {
  const all = lines.flatMap(({ points }) => points.filter(([, value]) => Number.isFinite(value)));
  const xs = all.map(([value]) => value);
  const across = axisFor(xs, 6, true);
  const ys = all.map(([, value]) => value);
  const up = axisFor([0, ...ys], 5, false);
  const scales: Scales = {
    px: (value) => EDGE.left + across.at(value) * (WIDTH - EDGE.left - EDGE.right),
    py: (value) => HEIGHT - EDGE.bottom - up.at(value) * (HEIGHT - EDGE.top - EDGE.bottom),
  };
  const { px, py } = scales;
  const named = lines.filter(({ mark }) => mark === undefined);
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': title },
    ...axes(across, up, { px, py, x, y }),
    ...lines.map(({ kind, points }) =>
      svg('path', { class: `line ${kind}`, d: pathOf(points.map(([a, b]) => [px(a), py(b)])) }),
    ),
    ...named.flatMap(({ name, kind }, i) => [
      svg('path', { class: `line ${kind}`, d: `M${EDGE.left + i * NAME_WIDTH} 10h22` }),
      svg('text', { x: EDGE.left + i * NAME_WIDTH + 28, y: 14 }, name),
    ]),
    ...marks(lines, scales),
  );
}
