/** `a, b, c and n more`. */
export function list(items: readonly string[], most = 5): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ');
}

/** Wavelengths as a person reads them: `450.3, 460.1 nm`. */
export function listWavelengths(wavelengths: readonly number[]): string {
  return `${list(wavelengths.map((wavelength) => `${Number(wavelength.toFixed(1))}`))} nm`;
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0]!;
}
