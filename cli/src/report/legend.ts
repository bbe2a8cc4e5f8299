import type { Spec } from 'vega';
import type { Series } from './chart.js';
import { lineColour } from './ramp.js';

/** Room around the plot (px): axes with their titles. */
export const ROOM = { left: 58, right: 22, top: 10, bottom: 46 } as const;
/** A line of the legend (px), its stroke, and a letter at its size of type, on the wide side. */
const LEGEND = { height: 20, stroke: 26, letter: 6.8, gap: 30 } as const;

/**
 * Names below the plot, in as many columns as fit its width. Laid out here: without a browser, vega takes letters for half as wide again
 * as they are, cuts names short and shrinks the plot. A dashed line has the colour of its solid one, which the legend names.
 */
export function legend(series: readonly Series[], { width, height }: { width: number; height: number }) {
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
