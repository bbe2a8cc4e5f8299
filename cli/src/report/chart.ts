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
  series: string;
  x: number;
  y: number | null;
}

function axes({ x, y, log }: ChartOptions): Spec['axes'] {
  return [
    { orient: 'bottom', scale: 'x', title: x, tickCount: 10, labelFlush: true },
    { orient: 'left', scale: 'y', title: y, grid: true, tickCount: log ? 5 : 6, ...(log ? { format: '~g' } : {}) },
  ];
}

function lines(series: readonly Series[]): Spec['marks'] {
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
        strokeDash: { value: dashed ? [5, 3] : [] },
      },
    },
  }));
}

function spec(series: readonly Series[], options: ChartOptions): Spec {
  const { width = 720, height = 280, log, background } = options;
  const rows: Row[][] = series.map(({ name, points }) =>
    points.map(([x, y]) => ({ series: name, x, y: log && y !== null && y <= 0 ? null : y })),
  );
  const sources = rows.map((_, i) => ({ data: `series${i}`, field: 'x' }));
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    width,
    height,
    padding: 8,
    ...(background ? { background } : {}),
    data: rows.map((values, i) => ({ name: `series${i}`, values })),
    scales: [
      { name: 'x', type: 'linear', range: 'width', zero: false, domain: { fields: sources } },
      {
        name: 'y',
        ...(log ? { type: 'log' as const } : { type: 'linear' as const, zero: true }),
        range: 'height',
        nice: true,
        domain: { fields: sources.map(({ data }) => ({ data, field: 'y' })) },
      },
      {
        name: 'colour',
        type: 'ordinal',
        domain: series.map((s) => s.name),
        range: series.map((s, i) => lineColour(s.colour ?? i)),
      },
      {
        name: 'dash',
        type: 'ordinal',
        domain: series.map((s) => s.name),
        range: series.map((s) => (s.dashed ? [5, 3] : [1, 0])),
      },
    ],
    axes: axes(options),
    legends: [{ stroke: 'colour', strokeDash: 'dash', symbolType: 'stroke', orient: 'right', labelLimit: 400 }],
    marks: lines(series),
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
      },
      legend: { labelColor: 'currentColor', labelFontSize: 12, symbolSize: 300, symbolStrokeWidth: 2 },
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
