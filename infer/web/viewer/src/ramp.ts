// The colour ramp of abundances: viridis (S. van der Walt, N. Smith, 2015; CC0), which those who see colours differently read, too.

/** From abundance 0 to 1, evenly. */
const COLOURS = [
  ...['#440154', '#482878', '#3e4989', '#31688e', '#26828e'],
  ...['#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'],
];

/** Pairs of abundance and colour, for a style of OpenLayers. */
export const rampStops = (): (number | string)[] => COLOURS.flatMap((colour, i) => [i / (COLOURS.length - 1), colour]);

/** The same in CSS. */
export const rampImage = (): string => `linear-gradient(to right, ${COLOURS.join(', ')})`;
