import { findDesisHeader, openDesisByHeader } from './desis.js';
import { findEnmapFiles } from './enmap-files.js';
import { type EnmapBand, type EnmapMetadata, readEnmapMetadata } from './enmap-metadata.js';
import type { Folder } from './folder.js';
import { openRaster, type RasterCodecs } from './open-raster.js';
import { describeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import type { Band, QualityLayer, Scene } from './scene.js';

export interface EnmapScene extends Scene {
  readonly qualityLayers: readonly QualityLayer[];
}

/**
 * Band centres [from, to] in nm where water vapour leaves no signal. With 224 bands this keeps the usual 1-126, 142-160 and 168-224 (202 bands),
 * and leaves out 131-135, which hold no data anywhere; the limits lie halfway between bands, so they also fit products with 218 bands and other calibrations.
 */
const WATER_VAPOUR: readonly (readonly [from: number, to: number])[] = [
  [1289, 1525],
  [1733.5, 1972.5],
];

/** True for a band of EnMAP that is of no use over land, whatever the product. */
const isEnmapBadBand = (wavelength: number): boolean =>
  WATER_VAPOUR.some(([from, to]) => wavelength >= from && wavelength <= to);

/** Throws unless the image has as many bands as the XML, at the same wavelengths where it states any. */
function assertSameBands(scene: Scene, bands: readonly EnmapBand[], metadata: string): void {
  if (scene.bands.length !== bands.length)
    refuse(
      scene.name,
      `${scene.bands.length} bands, but ${metadata} describes ${bands.length}; the two belong to different products`,
    );
  for (const [i, { wavelength, fwhm }] of bands.entries()) {
    const stated = scene.bands[i]!.wavelength;
    if (stated !== undefined && Math.abs(stated - wavelength) > fwhm / 2)
      refuse(
        scene.name,
        `band ${i + 1} lies at ${stated} nm, but at ${wavelength} nm by ${metadata}; the two belong to different products`,
      );
  }
}

function toBand(band: EnmapBand, image: Band, { sensor, backgroundValue }: EnmapMetadata): Band {
  const noData = image.noData ?? backgroundValue;
  return {
    name: image.name,
    wavelength: band.wavelength,
    fwhm: band.fwhm,
    bad: band.missing || image.bad || (sensor === 'EnMAP' && isEnmapBadBand(band.wavelength)),
    gain: band.gain,
    offset: band.offset,
    ...(noData !== undefined && { noData }),
  };
}

async function readMetadata(folder: Folder, file: string) {
  const source = await folder.open(file);
  try {
    return await readEnmapMetadata(source);
  } finally {
    await source.close();
  }
}

/**
 * Opens an EnMAP L2A product, or one of DESIS, which has the same form: a folder with its METADATA.XML and SPECTRAL_IMAGE; `named` is the file of it that
 * the user gave, if any. Wavelengths, widths, gains and offsets come from the XML (of a DESIS image without one from the ENVI header beside it);
 * NoData from the image, else the XML's background value.
 * Rejects with RasterError where a piece is missing, damaged, of another level, or the XML and the image differ in bands.
 */
export async function openEnmap(folder: Folder, named: string | undefined, codecs: RasterCodecs): Promise<EnmapScene> {
  const listed = await folder.list();
  const pair = findDesisHeader(listed, named);
  if (pair) return { ...(await openDesisByHeader(folder, pair, codecs)), qualityLayers: [] };
  const { metadata, image, layers } = findEnmapFiles(listed, named, folder.name);
  const described = await readMetadata(folder, metadata);
  const { sensor, bands, facts } = described;
  const scene = await openRaster(folder, image, codecs);
  try {
    assertSameBands(scene, bands, metadata);
  } catch (cause) {
    await scene.close();
    throw cause;
  }
  const qualityLayers = layers.map(({ name, file }) => ({
    name,
    path: folder.pathOf(file),
    open: () => openRaster(folder, file, codecs),
  }));
  const product = describeScene(scene, {
    format: `${sensor} L2A`,
    sensor,
    bands: bands.map((band, i) => toBand(band, scene.bands[i]!, described)),
    facts: {
      ...facts,
      image: scene.format,
      ...(layers.length > 0 && { 'quality layers': layers.map(({ name }) => name).join(', ') }),
    },
  });
  return { ...product, qualityLayers };
}
