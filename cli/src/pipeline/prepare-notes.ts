import { basename } from 'node:path';
import type { PixelCounts } from '@egunet/infer-node';
import type { Endmembers, SceneSample, UsableBands } from '@egunet/train';
import { bandRanges } from '../support/bands.js';
import { note } from '../support/output.js';

// What the user should know of the training data, on standard error.

/** Says which bands are left out, and why. */
export function noteBands(dropped: UsableBands['dropped']): void {
  for (const reason of new Set(dropped.map((drop) => drop.reason))) {
    const bands = dropped.filter((drop) => drop.reason === reason).map((drop) => drop.band);
    note(`left out, ${reason}: band${bands.length > 1 ? 's' : ''} ${bandRanges(bands)}`);
  }
}

/** Says how many pixels are not taken. */
export function noteLeft({ outsidePixels, maskedPixels, masks }: PixelCounts): void {
  if (outsidePixels > 0) note(`left out: ${outsidePixels} pixels outside the area of interest`);
  const each = masks.map(({ name, pixels }) => `${basename(name)} ${pixels}`).join(', ');
  if (masks.length > 0) note(`left out: ${maskedPixels} masked pixels (${each})`);
}

/** Warns of pixels left out, and of values that cannot be reflectance, such as counts: they train, but nothing made of them fits other scenes. */
export function noteSample({ nonFinitePixels, bandStatistics: { mean } }: SceneSample): void {
  if (nonFinitePixels > 0) note(`left out: ${nonFinitePixels} pixels that hold NaN or infinity`);
  const bright = mean.filter((value) => value > 1).length;
  if (2 * bright > mean.length)
    note(
      `the mean of ${bright} of ${mean.length} bands is above 1 (100 % reflectance), up to ${Math.max(...mean).toPrecision(3)}; if these are scaled values, give --reflectance-scale`,
    );
}

/** Fewer candidates than this for each endmember make poor batch statistics, and labels that a few spectra decide. */
const FEW_CANDIDATES = 10;

/** Says how many endmembers and candidates there are; warns where HySime counts more, and where the candidates, of which E-Net's batches are made, are few. */
export function noteEndmembers({ count, estimate, countSource, positions }: Endmembers): void {
  if (estimate !== undefined && estimate > count)
    note(`HySime counts ${estimate} signal directions; using ${count} endmembers: give -n to choose`);
  const how = {
    given: 'as asked',
    hysime: 'estimated by HySime',
    residual: 'estimated by the residual',
    library: 'from the library',
  }[countSource];
  note(`${count} endmembers (${how}), ${positions.length} candidates labelled`);
  if (positions.length < FEW_CANDIDATES * count)
    note(
      `note: ${positions.length} candidates are few to learn ${count} endmembers from, fewer than ${FEW_CANDIDATES} for each; raise --max-blocks, ask for fewer endmembers (-n) or use a larger scene`,
    );
}
