// DESIS L2A images by the ENVI header that comes beside the GeoTIFF; with their METADATA.XML they are opened as EnMAP's are.
import { isEnmapMetadata } from './enmap-files.js';
import { enviBands } from './envi.js';
import { findEnviHeader } from './envi-files.js';
import { parseEnviFields } from './envi-header.js';
import { type Folder, readText } from './folder.js';
import { openRaster, type RasterCodecs } from './open-raster.js';
import { describeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';

const IMAGE = /DESIS-HSI-(L\d[A-D]?)-.*SPECTRAL_IMAGE\.TIFF?$/i;

/** A DESIS image and its header. */
export interface DesisPair {
  readonly image: string;
  readonly header: string;
}

/** The image that the user named, or the only one of the folder, and its header, where there is no METADATA.XML; else undefined. */
export function findDesisHeader(files: readonly string[], named: string | undefined): DesisPair | undefined {
  if (files.some(isEnmapMetadata)) return undefined;
  const images = named === undefined ? files.filter((file) => IMAGE.test(file)) : [named];
  const [image] = images;
  if (images.length !== 1 || image === undefined || !IMAGE.test(image)) return undefined;
  const header = findEnviHeader(files, image);
  return header === undefined ? undefined : { image, header };
}

/** Opens a DESIS L2A image by its header. Rejects with RasterError where that describes other bands, or the level is another. */
export async function openDesisByHeader(
  folder: Folder,
  { image, header }: DesisPair,
  codecs: RasterCodecs,
): Promise<Scene> {
  const path = folder.pathOf(image);
  const level = IMAGE.exec(image)![1]!.toUpperCase();
  if (level !== 'L2A')
    refuse(path, `a DESIS product of level ${level} (radiance); order or process it to L2A (surface reflectance)`);
  const fields = parseEnviFields(await readText(folder, header), folder.pathOf(header));
  const scene = await openRaster(folder, image, codecs);
  try {
    const described = enviBands(fields, scene.bands.length);
    if (described.some(({ wavelength }) => wavelength === undefined))
      refuse(fields.name, "no 'wavelength' in a unit of length; fetch the product's header again");
    return describeScene(scene, {
      format: 'DESIS L2A',
      sensor: 'DESIS',
      bands: described.map((band, i) => ({ ...band, ...noDataOf(scene, i) })),
      facts: { product: image.replace(/-SPECTRAL_IMAGE.*$/i, ''), header, image: scene.format },
    });
  } catch (cause) {
    await scene.close();
    throw cause;
  }
}

/** The image's own NoData goes before that of the header. */
function noDataOf({ bands }: Scene, band: number): { noData?: number } {
  const { noData } = bands[band]!;
  return noData === undefined ? {} : { noData };
}
