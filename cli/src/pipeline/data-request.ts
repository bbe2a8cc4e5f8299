// What decides which data a network is trained on, as a run keeps it.
import { createChecks } from '@egunet/models/check';
import type { OpenOptions } from '@egunet/raster';
import {
  BRIGHTNESS,
  type Brightness,
  COUNT_WAYS,
  type CountBy,
  type EndmemberMethodName,
  endmemberMethods,
} from '@egunet/train';
import { ENGINES, type EngineId } from '../doctor/ids.js';
import { CommandError } from '../support/errors.js';
import type { Interval } from '../support/options.js';
import { openCheck } from './open-check.js';

/** Which pixels of each scene are taken. */
export interface PixelRequest {
  readonly bbox?: {
    /** XMIN, YMIN, XMAX, YMAX. */
    readonly bounds: readonly [number, number, number, number];
    /** EPSG code; each scene's own system when absent. */
    readonly epsg?: number;
  };
  /** Absolute path of a GeoJSON file. */
  readonly aoi?: string;
  /** As `--mask` has them, files by absolute paths. */
  readonly masks?: readonly string[];
}

/** What is asked of one scene or of several. */
interface SharedRequest {
  readonly open: OpenOptions;
  /** Which pixels are taken; all with data when absent. */
  readonly pixels?: PixelRequest;
  /** Intervals in nm whose bands are left out. */
  readonly exclude: readonly Interval[];
  readonly seed: number;
  /** How endmembers are found; absent in a run of a version that knew `kmeans` alone. */
  readonly method: EndmemberMethodName | undefined;
  /** What an abundance of 1 means, where it is not the method's default. */
  readonly brightness?: Brightness;
  /** Endmembers to find; estimated when absent. */
  readonly count?: number;
  /** How they are counted, where that is not by HySime. */
  readonly countBy?: CountBy;
  /** Absolute path of a spectral library that gives the endmembers. */
  readonly library?: string;
  readonly libraryScale?: number;
  /** What trained it last; onnxruntime on the CPU when absent. */
  readonly engine?: EngineId;
  readonly maxPixels?: number;
  readonly maxBlocks?: number;
}

/** What decides which data a network is trained on, and what trains it; saved with a run, so that a resumed one finds the same. */
export interface DataRequest extends SharedRequest {
  /** Absolute path, or URL. */
  readonly scene: string;
}

/** The same of a pool of scenes. */
export interface ScenesRequest extends SharedRequest {
  readonly kind: 'scenes';
  /** Absolute paths, or URLs. */
  readonly scenes: readonly string[];
}

/** What a network is to be made of the data: the spatial one needs patches of the scene. */
export interface DataNeeds {
  readonly patches?: boolean;
}

/** Throws CommandError where a request read from the manifest at `path` is none. */
export function assertDataRequest(value: unknown, path: string): asserts value is DataRequest | ScenesRequest {
  const invalid = (field: string, expected: string, got: string) =>
    new CommandError(`${path}: ${field} should be ${expected}, got ${got}; train anew with egunet train SCENE`);
  const checks = createChecks(invalid);
  const { number, positive, count, text, oneOf, optional, list, record, is } = checks;
  const several = typeof value === 'object' && value !== null && 'kind' in value;
  record({
    ...(several ? { kind: is('scenes'), scenes: list(text, 2) } : { scene: text }),
    open: openCheck(checks),
    pixels: optional(
      record({
        bbox: optional(record({ bounds: list(number, 4), epsg: optional(count) })),
        aoi: optional(text),
        masks: optional(list(text, 1)),
      }),
    ),
    exclude: list(list(number, 2), 0),
    seed: count,
    method: optional(oneOf(Object.keys(endmemberMethods))),
    brightness: optional(oneOf(Object.keys(BRIGHTNESS))),
    count: optional(count),
    countBy: optional(oneOf([...COUNT_WAYS])),
    library: optional(text),
    libraryScale: optional(positive),
    engine: optional(oneOf([...ENGINES])),
    maxPixels: optional(count),
    maxBlocks: optional(count),
  })(value, 'request');
}
