// Colours of abundances. Legend: C endmembers.

/** Red, green, blue and opacity, 0 to 255; opaque where there is no fourth. */
export type Colour = readonly [red: number, green: number, blue: number, opacity?: number];

/** The colour of a pixel's abundances [C]. */
export type Colouring = (abundances: Float32Array) => Colour;

/** viridis (S. van der Walt, N. Smith, 2015; CC0), from 0 to 1, evenly: those who see colours differently read it, too. */
export const VIRIDIS: readonly string[] = [
  ...['#440154', '#482878', '#3e4989', '#31688e', '#26828e'],
  ...['#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'],
];

/** One endmember, by its number from 0, along VIRIDIS. */
export function colourOne(endmember: number): Colouring {
  const stops = VIRIDIS.map((stop) => [1, 3, 5].map((at) => Number.parseInt(stop.slice(at, at + 2), 16)));
  return (abundances) => {
    const at = Math.min(1, Math.max(0, abundances[endmember]!)) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(at));
    const part = at - first;
    const [red, green, blue] = stops[first]!.map((value, i) =>
      Math.round(value + part * (stops[first + 1]![i]! - value)),
    );
    return [red!, green!, blue!];
  };
}

/** Three endmembers, by their numbers from 0, as red, green and blue. */
export const colourThree =
  (red: number, green: number, blue: number): Colouring =>
  (abundances) => [255 * abundances[red]!, 255 * abundances[green]!, 255 * abundances[blue]!];
