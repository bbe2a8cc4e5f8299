/** Bytes `first` to `last` of a file, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The bytes that a Range header asks for of a file of `size` bytes (RFC 9110, section 14): `bytes=0-499`, `bytes=500-` or `bytes=-500`.
 * `none` where none of the file's bytes lie in it. `whole` without a header, and for one that need not be heeded: another unit, several ranges at once,
 * one that is no range.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'whole' | 'none' {
  const [, from = '', to = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (from === '' && to === '') return 'whole';
  if (from === '') return suffixOf(Number(to), size);
  const first = Number(from);
  const last = to === '' ? Number.POSITIVE_INFINITY : Number(to);
  if (last < first) return 'whole';
  return first >= size ? 'none' : { first, last: Math.min(last, size - 1) };
}

const suffixOf = (length: number, size: number): ByteRange | 'none' =>
  length === 0 || size === 0 ? 'none' : { first: Math.max(0, size - length), last: size - 1 };
