/** Nanometres in one unit, by the names that headers use. */
const NANOMETRES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    nm: 1,
    nanometer: 1,
    nanometers: 1,
    nanometre: 1,
    nanometres: 1,
    um: 1e3,
    µm: 1e3,
    μm: 1e3,
    micron: 1e3,
    microns: 1e3,
    micrometer: 1e3,
    micrometers: 1e3,
    micrometre: 1e3,
    micrometres: 1e3,
    angstrom: 0.1,
    angstroms: 0.1,
  }),
);

/**
 * Nanometres in one `unit`; undefined where it names something that is not a length (an index, a wavenumber, a frequency).
 * A unit that is empty or `unknown` is told from the wavelengths: optical sensors lie at 0.2-20 in micrometres and at 200-20000 in nm,
 * so a largest value under 100 means micrometres.
 */
export function nanometresPer(unit: string, wavelengths: readonly number[]): number | undefined {
  const name = unit.trim().toLowerCase();
  if (name !== '' && name !== 'unknown') return NANOMETRES.get(name);
  return wavelengths.reduce((most, value) => Math.max(most, value), 0) < 100 ? 1e3 : 1;
}

/** `values` times `factor`, to the twelve digits that drop the product's dust: 0.41 um is 410 nm, not 409.99999999999994. */
export const toNanometres = (values: readonly number[], factor: number): number[] =>
  factor === 1 ? [...values] : values.map((value) => Number((value * factor).toPrecision(12)));
