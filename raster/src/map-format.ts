// Which files a map becomes.
import { refuse } from './refuse.js';

/** `cog`: a cloud-optimised GeoTIFF; `zarr`: a Zarr 3 store, a folder; `envi`: raw samples and their header. */
export type MapFormatName = 'cog' | 'zarr' | 'envi';

const mapFormats = ['cog', 'zarr', 'envi'] as const satisfies readonly MapFormatName[];

const ENDINGS: Readonly<Record<MapFormatName, RegExp>> = {
  cog: /\.tiff?$/i,
  zarr: /\.zarr\/*$/i,
  envi: /\.(img|bsq|bil|bip|dat|hdr)$/i,
};

/** The format of a map by its name's ending, or the one asked for where the name has no ending of another. Throws RasterError where they contradict each other, or the name says nothing. */
export function mapFormatOf(path: string, wanted?: MapFormatName): MapFormatName {
  const named = mapFormats.find((format) => ENDINGS[format].test(path));
  if (wanted && named && named !== wanted)
    refuse(path, `is the name of ${ARTICLE[named]}, but the format asked for is ${wanted}; change one of them`);
  return (
    wanted ??
    named ??
    refuse(
      path,
      `its ending names no format of maps; expected .tif or .tiff (cog), .zarr (zarr), .img, .bsq, .bil, .bip, .dat or .hdr (envi); change it, or name the format`,
    )
  );
}

const ARTICLE: Readonly<Record<MapFormatName, string>> = {
  cog: 'a GeoTIFF',
  zarr: 'a Zarr store',
  envi: 'an ENVI image',
};

/** The files of an ENVI image that is named by either of them, and how the ending says that the samples lie (else by bands). */
export function enviOutput(path: string): { data: string; header: string; interleave: 'bsq' | 'bil' | 'bip' } {
  const stem = path.replace(ENDINGS.envi, '');
  const data = /\.hdr$/i.test(path) ? `${stem}.img` : path;
  const interleave = /\.(bil|bip)$/i.exec(path)?.[1]?.toLowerCase() as 'bil' | 'bip' | undefined;
  return { data, header: `${stem}.hdr`, interleave: interleave ?? 'bsq' };
}

/** What appears where a map is written. */
export function mapFiles(path: string, format: MapFormatName): string[] {
  if (format !== 'envi') return [path];
  const { data, header } = enviOutput(path);
  return [data, header];
}
