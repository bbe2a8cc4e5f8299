// An EnMAP product in memory.

import { type EnmapScene, openEnmap } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { memoryFolder } from './memory.js';

export interface XmlBand {
  readonly wavelength: number | string;
  readonly fwhm?: number;
  readonly gain?: number | string;
  readonly offset?: number;
  readonly number?: number;
}

/** A METADATA.XML with the elements that matter, and `bandID`s elsewhere, as in real ones. */
export function metadataXml(
  bands: readonly XmlBand[],
  { level = 'L2A', background = '-32768', missing = '', root = 'level_X' } = {},
): string {
  const characterisation = bands.map(
    ({ wavelength, fwhm = 7, gain = 0.0001, offset = 0, number }, i) => `
      <bandID number="${number ?? i + 1}">
        <wavelengthCenterOfBand>${wavelength}</wavelengthCenterOfBand>
        <FWHMOfBand>${fwhm}</FWHMOfBand><GainOfBand>${gain}</GainOfBand><OffsetOfBand>${offset}</OffsetOfBand>
      </bandID>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<${root}>
  <metadata><schema><processingLevel>${level}</processingLevel></schema><name>ENMAP01-X-METADATA.XML</name></metadata>
  <processing><correctionType>Land_Mode</correctionType></processing>
  <base>
    <temporalCoverage><startTime>2022-06-12T10:57:35Z</startTime></temporalCoverage>
    <revision>01.02.03</revision><level>${level}</level>
  </base>
  <specific>
    <qualityFlag><cloudCover>12</cloudCover></qualityFlag>
    <vnirProductQuality><missingChannelsList>${missing}</missingChannelsList></vnirProductQuality>
    <swirProductQuality><missingChannelsList></missingChannelsList></swirProductQuality>
    <backgroundValue> <![CDATA[${background}]]> </backgroundValue>
    <bandCharacterisation>${characterisation.join('')}
    </bandCharacterisation>
  </specific>
  <product><navigation><RPC><bandID number="1"><wavelengthCenterOfBand>1</wavelengthCenterOfBand></bandID></RPC></navigation>
    <bandStatistics><bandID number="9"><mean>0.5</mean></bandID></bandStatistics></product>
</${root}>
`;
}

export const THREE = [
  { wavelength: 990, fwhm: 8.5, gain: 0.0001, offset: 0.01 },
  { wavelength: 902.26, fwhm: 9 },
  { wavelength: 1390, fwhm: 11 },
];

/** A 1 x 2 image of three int16 bands, ENVI BSQ. */
export const PIXELS = new Uint8Array(Int16Array.of(100, -32768, 200, -32768, 300, -32768).buffer);
export const HDR = 'ENVI\nsamples = 2\nlines = 1\nbands = 3\ndata type = 2\ninterleave = bsq\nbyte order = 0\n';

export const product = (prefix: string, xml = metadataXml(THREE)): Record<string, string | Uint8Array> => ({
  [`${prefix}METADATA.XML`]: xml,
  [`${prefix}SPECTRAL_IMAGE.BSQ`]: PIXELS,
  [`${prefix}SPECTRAL_IMAGE.HDR`]: HDR,
});

export const open = (files: Record<string, string | Uint8Array>, named?: string): Promise<EnmapScene> =>
  openEnmap(memoryFolder(files, 'in'), named, nodeCodecs);
