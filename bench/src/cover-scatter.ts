// Found beside measured cover, a panel for each method, as SVG.
import { parse, type Spec, View } from 'vega';

/** A method's cover at the points, and what to write above it. */
export interface Panel {
  readonly title: string;
  readonly found: readonly number[];
}

const SIDE = 210;
const GAP = 46;

/** Panels side by side, each with the line on which both agree; cover of both axes from 0 to 1, what lies beyond is drawn at the edge. */
export async function coverScatter(panels: readonly Panel[], expected: readonly number[]): Promise<string> {
  const domain = [0, 1];
  const clipped = (value: number) => Math.min(1, Math.max(0, value));
  const spec: Spec = {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    ...{ width: panels.length * SIDE + (panels.length - 1) * GAP, height: SIDE, padding: 8, background: 'white' },
    marks: panels.map(({ title, found }, i) => ({
      type: 'group',
      title: { text: title.split('\n'), fontSize: 11 },
      encode: { enter: { x: { value: i * (SIDE + GAP) }, width: { value: SIDE }, height: { value: SIDE } } },
      data: [
        { name: 'points', values: found.map((value, p) => ({ x: expected[p], y: clipped(value) })) },
        { name: 'line', values: domain.map((value) => ({ x: value, y: value })) },
      ],
      scales: [
        { name: 'x', domain, range: [0, SIDE] },
        { name: 'y', domain, range: [SIDE, 0] },
      ],
      axes: [
        { orient: 'bottom', scale: 'x', title: 'cover, reference', tickCount: 5 },
        {
          orient: 'left',
          scale: 'y',
          ...(i === 0 && { title: 'cover, found' }),
          tickCount: 5,
          grid: true,
          gridScale: 'x',
        },
      ],
      marks: [
        {
          type: 'line',
          from: { data: 'line' },
          encode: { enter: { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' }, stroke: { value: '#888' }, strokeDash: { value: [4, 3] } } }, // biome-ignore format: one line
        },
        {
          type: 'symbol',
          from: { data: 'points' },
          encode: { enter: { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' }, size: { value: 18 }, fill: { value: '#1b6ca8' }, fillOpacity: { value: 0.55 } } }, // biome-ignore format: one line
        },
      ],
    })),
  };
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
