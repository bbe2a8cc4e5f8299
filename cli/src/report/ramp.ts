// Control points of matplotlib's viridis (S. van der Walt, N. Smith, CC0) at 0, 1/8 .. 1: readable with every kind of colour
// vision and in grey.
const VIRIDIS = ['440154', '472d7b', '3b528b', '2c728e', '21918c', '28ae80', '5ec962', 'addc30', 'fde725'];

const POINTS = VIRIDIS.map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));

/** Colour of `value` in [0, 1] (clamped), as [red, green, blue] 0..255, interpolated linearly between the control points. */
export function viridis(value: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, value)) * (POINTS.length - 1);
  const left = Math.min(POINTS.length - 2, Math.floor(at));
  const t = at - left;
  const mix = (k: number) => Math.round((1 - t) * POINTS[left]![k]! + t * POINTS[left + 1]![k]!);
  return [mix(0), mix(1), mix(2)];
}

/** The ramp as a CSS gradient from left (0) to right (1). */
export const viridisGradient = `linear-gradient(to right, ${VIRIDIS.map((hex) => `#${hex}`).join(', ')})`;

/** Colours for lines, mid-toned so that they stand on white and on black: Okabe and Ito's, without black and yellow, then four more, as many as HySime gives endmembers. */
const LINES = [
  ...['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9'],
  ...['#8c8c8c', '#8f63d2', '#a06a3c', '#8f8d00'],
];

/** Colour of the `index`-th line of a chart. */
export const lineColour = (index: number): string => LINES[index % LINES.length]!;
