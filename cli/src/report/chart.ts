import { parse, type Spec, View } from 'vega';
import { legend, ROOM } from './legend.js';
import { lineColour } from './ramp.js';

/** One line of a chart; a null y breaks it. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Shaded between the two, at the x of the points. */
  readonly spread?: readonly (readonly [low: number | null, high: number | null])[];
  /** Drawn dashed: a reference to compare with. */
  readonly dashed?: boolean;
  /** Lines of one colour belong together; the series' own place when absent. */
  readonly colour?: number;
}

/** A line chart's axes and size. */
export interface ChartOptions {
  readonly x: string;
  readonly y: string;
  /** Logarithmic y axis: values must be positive. */
  readonly log?: boolean;
  readonly width?: number;
  readonly height?: number;
  /** Colour behind the chart; none when absent, so that it can stand on a light and on a dark page. */
  readonly background?: string;
}

interface Row {
  x: number;
  y: number | null;
  low?: number | null;
  high?: number | null;
}

const rowsOf = ({ points, spread }: Series, log: boolean | undefined): Row[] =>
  points.map(([x, y], i) => {
    const [low, high] = spread?.[i] ?? [];
    return { x, y: log && y !== null && y <= 0 ? null : y, ...(spread && { low, high }) };
  });

/** Powers of ten from below the least value to above the largest. */
function decades(rows: readonly Row[][]): number[] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const { y } of rows.flat()) [least, most] = [Math.min(least, y ?? least), Math.max(most, y ?? most)];
  if (most === 0) return [0.1, 1];
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  return Array.from({ length: Math.max(1, high - low) + 1 }, (_, i) => 10 ** (low + i));
}

function axes({ x, y }: ChartOptions, values: number[] | undefined): Spec['axes'] {
  return [
    { orient: 'bottom', scale: 'x', title: x, tickCount: 10, tickMinStep: 1, format: 'd' },
    { orient: 'left', scale: 'y', title: y, grid: true, tickCount: 6, ...(values ? { values, format: '~g' } : {}) },
  ];
}

const DASH = [5, 3];

/** Behind all lines. */
function areas(series: readonly Series[]): NonNullable<Spec['marks']> {
  return series.flatMap(({ spread, colour }, i): NonNullable<Spec['marks']> => {
    if (!spread) return [];
    const encode = {
      x: { scale: 'x', field: 'x' },
      y: { scale: 'y', field: 'low' },
      y2: { scale: 'y', field: 'high' },
      defined: { signal: 'isValid(datum.low) && isValid(datum.high)' },
      fill: { value: lineColour(colour ?? i) },
      fillOpacity: { value: 0.16 },
    };
    return [{ type: 'area', from: { data: `series${i}` }, encode: { enter: encode } }];
  });
}

function lines(series: readonly Series[]): NonNullable<Spec['marks']> {
  return series.map(({ name, dashed, colour }, i) => ({
    type: 'line',
    description: name,
    from: { data: `series${i}` },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'y' },
        defined: { signal: 'isValid(datum.y)' },
        stroke: { value: lineColour(colour ?? i) },
        strokeWidth: { value: dashed ? 1.2 : 1.8 },
        strokeDash: { value: dashed ? DASH : [] },
      },
    },
  }));
}

function spec(series: readonly Series[], options: ChartOptions): Spec {
  const { width = 920, height = 320, log, background } = options;
  const rows = series.map((line) => rowsOf(line, log));
  const sources = rows.map((_, i) => ({ data: `series${i}`, field: 'x' }));
  const values = log ? decades(rows) : undefined;
  const names = legend(series, { width, height });
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    width,
    height,
    autosize: 'none',
    padding: { ...ROOM, bottom: ROOM.bottom + names.height + 8 },
    ...(background ? { background } : {}),
    data: rows.map((row, i) => ({ name: `series${i}`, values: row })),
    scales: [
      { name: 'x', type: 'linear', range: 'width', zero: false, domain: { fields: sources } },
      {
        name: 'y',
        range: 'height',
        ...(values
          ? { type: 'log' as const, domain: [values[0]!, values.at(-1)!] }
          : {
              type: 'linear' as const,
              zero: true,
              nice: true,
              domain: {
                fields: series.flatMap(({ spread }, i) =>
                  ['y', ...(spread ? ['low', 'high'] : [])].map((field) => ({ data: `series${i}`, field })),
                ),
              },
            }),
      },
    ],
    axes: axes(options, values),
    marks: [...areas(series), ...lines(series), ...names.marks],
    config: {
      axis: {
        labelColor: 'currentColor',
        titleColor: 'currentColor',
        domainColor: 'currentColor',
        tickColor: 'currentColor',
        gridColor: 'currentColor',
        gridOpacity: 0.15,
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: 'normal',
        maxExtent: 40, // the title stays in its room, however wide vega takes the labels for
      },
    },
  };
}

/** A line chart as SVG text; its axes take the colour of the text around it. No browser is needed. */
export async function lineChart(series: readonly Series[], options: ChartOptions): Promise<string> {
  const view = new View(parse(spec(series, options)), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
