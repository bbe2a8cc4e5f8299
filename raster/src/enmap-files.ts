import { refuse } from './refuse.js';

const RASTER = String.raw`(?:_COG)?\.(?:TIFF?|GEOTIFF|BSQ|BIL|BIP)`;
const METADATA = /^(.*?)METADATA\.XML(?:\.XML)?$/i;
const IMAGE = new RegExp(`^(.*?)SPECTRAL_IMAGE${RASTER}$`, 'i');
const LAYER = new RegExp(
  `^(.*?)QL_(?:QUALITY_)?(CLOUD|CLOUDSHADOW|CIRRUS|HAZE|SNOW|CLASSES|TESTFLAGS|PIXELMASK)${RASTER}$`,
  'i',
);
/** L1B keeps an image for each detector. */
const DETECTOR_IMAGE = new RegExp(`SPECTRAL_IMAGE_(?:VNIR|SWIR)${RASTER}$`, 'i');
/** Where a product has its image twice, the earlier form is taken. */
const PREFERENCE = [/SPECTRAL_IMAGE\.(TIFF?|GEOTIFF)$/i, /_COG\./i, /\.BSQ$/i, /\.BIL$/i, /\.BIP$/i];

/** A quality layer: 'CLOUD', 'CLASSES' ... and the file that holds it. */
export interface EnmapLayerFile {
  readonly name: string;
  readonly file: string;
}

export interface EnmapFiles {
  readonly metadata: string;
  readonly image: string;
  readonly layers: readonly EnmapLayerFile[];
}

/** True for the name of a product's metadata. */
export const isEnmapMetadata = (file: string): boolean => METADATA.test(file);

/** True for the name of a product's metadata or image. */
export const isEnmapFile = (file: string): boolean =>
  METADATA.test(file) || IMAGE.test(file) || DETECTOR_IMAGE.test(file);

const prefixOf = (pattern: RegExp, file: string): string | undefined => pattern.exec(file)?.[1]?.toLowerCase();

/** The metadata file of the product that `named` belongs to, or the only one of the folder. */
function findMetadata(files: readonly string[], named: string | undefined, folder: string): string {
  if (named !== undefined && METADATA.test(named)) return named;
  const all = files.filter((file) => METADATA.test(file));
  const prefix = named === undefined ? undefined : prefixOf(IMAGE, named);
  const own = prefix === undefined ? all : all.filter((file) => prefixOf(METADATA, file) === prefix);
  const fitting = own.length > 0 ? own : all.filter((file) => prefixOf(METADATA, file) === '');
  if (fitting.length > 1) refuse(folder, `holds several EnMAP products (${fitting.join(', ')}); name one METADATA.XML`);
  if (fitting[0] !== undefined) return fitting[0];
  return refuse(
    folder,
    named === undefined
      ? 'no *METADATA.XML in this folder; name a scene file, or the folder of an unpacked EnMAP product'
      : `no METADATA.XML beside ${named}, so no wavelengths; put the product's there, or rename the image to read it as a plain raster`,
  );
}

/** Picks a product's files among those of its folder, whether or not their names bear the product's prefix. `named` is the file that the user gave, if any. */
export function findEnmapFiles(files: readonly string[], named: string | undefined, folder: string): EnmapFiles {
  if (named !== undefined && DETECTOR_IMAGE.test(named))
    refuse(folder, `${named} is an EnMAP L1B image (radiance of one detector); order or process it to L2A`);
  const metadata = findMetadata(files, named, folder);
  const prefix = prefixOf(METADATA, metadata)!;
  const belongs = (pattern: RegExp, file: string): boolean => {
    const own = prefixOf(pattern, file);
    return own === prefix || own === '';
  };
  const images = files.filter((file) => belongs(IMAGE, file));
  const preferred = PREFERENCE.flatMap((pattern) => images.filter((file) => pattern.test(file)));
  const image = named !== undefined && IMAGE.test(named) ? named : preferred[0];
  if (image === undefined && files.some((file) => DETECTOR_IMAGE.test(file)))
    refuse(folder, 'an EnMAP L1B product (radiance, an image for each detector); order or process it to L2A');
  if (image === undefined)
    refuse(folder, `no SPECTRAL_IMAGE (.TIF, .BSQ, .BIL or .BIP) beside ${metadata}; unpack the whole product`);
  const layers = files
    .filter((file) => belongs(LAYER, file))
    .map((file) => ({ name: LAYER.exec(file)![2]!.toUpperCase(), file }))
    .sort((a, b) => a.name.localeCompare(b.name));
  return { metadata, image, layers };
}
