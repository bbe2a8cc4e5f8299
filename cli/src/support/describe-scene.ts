import type { Band, Georeference, Scene } from '@egunet/raster';
import { bandRanges, nanometreRange } from './bands.js';
import { groundUnit } from './ground.js';

/** What is known of a scene, for `--json`. */
export interface SceneDescription {
  readonly kind: 'scene';
  readonly path: string;
  readonly format: string;
  readonly sensor: string | null;
  readonly rows: number;
  readonly cols: number;
  readonly sampleType: string;
  readonly block: { readonly rows: number; readonly cols: number };
  readonly bands: readonly Band[];
  readonly georeference: Georeference | null;
  readonly facts: Readonly<Record<string, string>>;
}

/** Everything that opening a scene tells; `path` is as the user gave it. */
export function describeScene(path: string, scene: Scene): SceneDescription {
  const { format, sensor = null, rows, cols, sampleType, block, bands, georeference = null, facts } = scene;
  return { kind: 'scene', path, format, sensor, rows, cols, sampleType, block, bands, georeference, facts };
}

/** Different values of one property of all bands, as a person reads them. */
function allOf(bands: readonly Band[], pick: (band: Band) => string): string {
  const values = [...new Set(bands.map(pick))];
  return values.length <= 3 ? values.join(', ') : `${values.slice(0, 3).join(', ')} and ${values.length - 3} more`;
}

function reflectance({ gain, offset }: Band, sampleType: string): string {
  if (gain === 1 && offset === 0)
    return sampleType.startsWith('float')
      ? 'taken as stored, 1 = 100 %; if not so, give --reflectance-scale'
      : 'scale not stated: give --reflectance-scale, e.g. 0.0001';
  return offset === 0 ? `stored value x ${gain}` : `stored value x ${gain} + ${offset}`;
}

/** Eight digits tell float32 values apart; more are dust of the rounding. */
function noDataOf({ noData }: Band, sampleType: string): string {
  if (noData === undefined) return 'none';
  return String(sampleType === 'float32' ? Number(noData.toPrecision(8)) : noData);
}

function place(georeference: Georeference): string {
  const { affine, epsg } = georeference;
  const [a, b, c, d, e, f] = affine;
  const crs = epsg === undefined ? 'coordinate system not named' : `EPSG:${epsg}`;
  const unit = groundUnit(georeference);
  const [across, down] = [Math.hypot(a, d), Math.hypot(b, e)].map((size) => Number(size.toPrecision(6)));
  const with_ = (value: string | number) => `${value}${unit === 'm' ? ' m' : (unit ?? '')}`;
  const size = with_(across === down ? across! : `${across} x ${down}`);
  const corner = unit ? `${with_(c)} E, ${with_(f)} N` : `${c}, ${f} (unit not known)`;
  return `${crs}, pixels of ${size}${b === 0 && d === 0 ? '' : ' (rotated)'}, upper left corner at ${corner}`;
}

/** The lines that `egunet info` prints of a scene. */
export function sceneFacts(scene: SceneDescription): [string, string | undefined][] {
  const { bands, georeference } = scene;
  const bad = bands.flatMap((band, index) => (band.bad ? [index] : []));
  const range = nanometreRange(bands.map(({ wavelength }) => wavelength));
  const named = range === undefined && bands.length <= 32;
  return [
    ['scene', scene.path],
    ['format', scene.format],
    ['sensor', scene.sensor ?? undefined],
    [
      'size',
      `${scene.rows} rows x ${scene.cols} columns x ${bands.length} ${bands.length === 1 ? 'band' : 'bands'}, ${scene.sampleType}`,
    ],
    ['wavelengths', range ?? 'not known'],
    ['FWHM', nanometreRange(bands.map(({ fwhm }) => fwhm))],
    ['bands', named ? bands.map((band) => band.name).join(', ') : undefined],
    ['bad bands', bad.length > 0 ? `${bad.length}: ${bandRanges(bad)}` : 'none'],
    ['NoData', allOf(bands, (band) => noDataOf(band, scene.sampleType))],
    ['reflectance', allOf(bands, (band) => reflectance(band, scene.sampleType))],
    ['georeference', georeference ? place(georeference) : 'none'],
    ['block', `${scene.block.rows} rows x ${scene.block.cols} columns, read fastest`],
    ...Object.entries(scene.facts),
  ];
}
