import type { InferSummary } from '@egunet/infer-node';

/** `12.3 %` of the pixels of the area. */
const share = (pixels: number, of: number): string => (of === 0 ? '0 %' : `${((100 * pixels) / of).toFixed(1)} %`);

/** The lines that say which pixels of a map have abundances, and why the others have none. */
export function pixelWords(
  summary: Pick<InferSummary, 'pixels' | 'validPixels' | 'noDataPixels' | 'maskedPixels' | 'outsidePixels' | 'masks'>,
): [string, string][] {
  const { pixels, validPixels, noDataPixels, maskedPixels, outsidePixels, masks } = summary;
  const inside = pixels - outsidePixels;
  const each = masks.map((mask) => `${mask.name} ${share(mask.pixels, inside)}`).join(', ');
  return [
    ['pixels', `${validPixels} of ${pixels} with data, ${noDataPixels} without`],
    ...(outsidePixels > 0 ? [['outside', `${outsidePixels} pixels`] as [string, string]] : []),
    ...(masks.length > 0 ? [['masked', `${maskedPixels} pixels: ${each}`] as [string, string]] : []),
  ];
}
