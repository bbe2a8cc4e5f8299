import { parse, type Spec, View } from 'vega';
import { lineColour } from './ramp.js';

/** One line of a chart; a null y breaks it. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
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
}

const rowsOf = ({ points }: Series, log: boolean | undefined): Row[] =>
  points.map(([x, y]) => ({ x, y: log && y !== null && y <= 0 ? null : y }));

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

/** Room around the plot (px): axes with their titles. */
const ROOM = { left: 58, right: 22, top: 10, bottom: 46 } as const;
/** A line of the legend (px), its stroke, and a letter at its size of type, on the wide side. */
const LEGEND = { height: 20, stroke: 26, letter: 6.8, gap: 30 } as const;

/**
 * Names below the plot, in as many columns as fit its width. Laid out here: without a browser, vega takes letters for half as wide again
 * as they are, cuts names short and shrinks the plot. A dashed line has the colour of its solid one, which the legend names.
 */
function legend(series: readonly Series[], { width, height }: { width: number; height: number }) {
  const named = series.flatMap((line, i) =>
    line.dashed ? [] : [{ name: line.name, colour: lineColour(line.colour ?? i) }],
  );
  const longest = Math.max(...named.map(({ name }) => name.length));
  const column = LEGEND.stroke + 8 + LEGEND.letter * longest + LEGEND.gap;
  const columns = Math.max(1, Math.min(named.length, Math.floor((width + LEGEND.gap) / column)));
  const marks = named.flatMap(({ name, colour }, i): NonNullable<Spec['marks']> => {
    const x = column * (i % columns);
    const y = height + ROOM.bottom + LEGEND.height * (Math.floor(i / columns) + 0.5);
    return [
      {
        type: 'rule',
        encode: {
          enter: {
            x: { value: x },
            x2: { value: x + LEGEND.stroke },
            y: { value: y },
            stroke: { value: colour },
            strokeWidth: { value: 2.2 },
          },
        },
      },
      {
        type: 'text',
        encode: {
          enter: {
            x: { value: x + LEGEND.stroke + 8 },
            y: { value: y },
            baseline: { value: 'middle' },
            fontSize: { value: 12 },
            fill: { value: 'currentColor' },
            text: { value: name },
          },
        },
      },
    ];
  });
  return { marks, height: LEGEND.height * Math.ceil(named.length / columns) };
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
              domain: { fields: sources.map(({ data }) => ({ data, field: 'y' })) },
            }),
      },
    ],
    axes: axes(options, values),
    marks: [...lines(series), ...names.marks],
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
