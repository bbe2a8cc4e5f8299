// What a sensor sees: for scenes that do not say, and for training where no scene is at hand. Legend: B bands. Wavelengths in nm.

/** The bands of a sensor's usual surface reflectance product. */
export interface SensorDefinition {
  /** As `--sensor` has it. */
  readonly id: string;
  readonly name: string;
  /** In the order of the product: centre and full width at half maximum [B]. */
  readonly bands: readonly { readonly wavelength: number; readonly fwhm: number }[];
  /** Intervals, ends included, whose bands are usually left out: water vapour, noise. */
  readonly badBands: readonly (readonly [from: number, to: number])[];
  /** Where the figures come from. */
  readonly source: string;
}

interface Parts extends Omit<SensorDefinition, 'bands' | 'badBands'> {
  readonly centres: readonly number[];
  readonly widths: readonly number[];
  readonly badBands: readonly (readonly number[])[];
}

/** A definition from its columns. */
export const sensorOf = ({ centres, widths, badBands, ...rest }: Parts): SensorDefinition => ({
  ...rest,
  bands: centres.map((wavelength, b) => ({ wavelength, fwhm: widths[b]! })),
  badBands: badBands.map(([from, to]) => [from!, to!] as const),
});

/** Indices of the bands that are not usually left out. */
export const usableSensorBands = ({ bands, badBands }: SensorDefinition): number[] =>
  bands.flatMap(({ wavelength }, b) =>
    badBands.some(([from, to]) => wavelength >= from && wavelength <= to) ? [] : [b],
  );
