/** A scale bar below a map. */
export interface ScaleBar {
  /** Length on the ground, as a person reads it: `500 m`, `2 km`. */
  readonly label: string;
  /** Length as a share of the map's width. */
  readonly share: number;
}

/** A round length (1, 2 or 5 x 10^n m) of at most 40 % of a map that is `metres` wide. */
export function scaleBar(metres: number): ScaleBar {
  const most = 0.4 * metres;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = ([5, 2, 1].find((digit) => digit * power <= most) ?? 1) * power;
  return { label: length >= 1000 ? `${length / 1000} km` : `${length} m`, share: length / metres };
}
