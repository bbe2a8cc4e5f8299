// The model card: what a model file says of itself, in metadata_props["egunet"]. Free of tfjs, so that inference needs no more than this.

import { type Check, createChecks } from './check.js';

/** The card's format; raised when a reader of an older version would misread a newer card. */
export const CARD_VERSION = 1;

/** A model card that cannot be used: the message names the field. */
export class ModelCardError extends Error {
  readonly _tag = 'ModelCardError';
  override readonly name = 'ModelCardError';
}

/** One input band of the model, in the order of the model's input. */
export interface CardBand {
  /** Band centre in nm; null where the training scene did not say. */
  wavelength: number | null;
  /** Full width at half maximum in nm. */
  fwhm: number | null;
  /** Which band of the training scene it is, 0-based; all bands have it, or none. */
  index?: number;
}

export interface CardEndmember {
  name: string;
  /** Reflectance in each band of the model. */
  spectrum: number[];
}

/** A figure with its definition, so that it cannot be mistaken for another. */
export interface CardMetric {
  name: string;
  definition: string;
  value: number;
  unit: string;
}

/** A class of a library: its spectra, and the sources that count equally in it. */
export interface CardClass {
  name: string;
  spectra: number;
  sources: string[];
}

/** The library whose mixtures a model was trained on. */
export interface CardLibrary {
  /** Its files by name, with the sha256 of the names, wavelengths and values in them. */
  files: { name: string; sha256: string }[];
  classes: CardClass[];
  /** Encoders whose mean the abundances are. */
  members: number;
  /** What else there is to know of how the model came about, and what it may be used for; for persons, and for those who make it again. */
  about?: CardAbout;
}

/** Absent of models of earlier versions, or in part: nothing relies on it. */
export interface CardAbout {
  /** The command that trained it, files by their names. */
  command?: string;
  /** Class tables by name, with the sha256 of the files. */
  tables?: { name: string; sha256: string }[];
  /** Constants of the mixtures, by their names. */
  mixtures?: Readonly<Record<string, number | readonly number[]>>;
  /** Mean over the bands of the noise's standard deviation, reflectance. */
  noise?: number;
  /** Of the spectra. */
  licence?: string;
  /** What the model is not for. */
  limits?: string;
}

/** What training pixels look like: enough to tell whether a scene's are like them. Checked where it is used (`distribution.ts`). */
export interface CardDistribution {
  /** Training spectra whose mixtures leave little of any, at unit length [k, B]. */
  spectra: number[][];
  /**
   * What such mixtures, by non-negative least squares, may leave of a spectrum: its root mean square over the bands by that of the spectrum, or by `DARK` where the
   * spectrum is darker: the shape of what is dark is noise. The 99th percentile of the training spectra, .08 at least.
   */
  remainder: number;
  /** Between these, the .5th and the 99.5th percentile, lies the root mean square of a training spectrum's reflectance over the bands. */
  brightness: [least: number, most: number];
  /** Share of some training pixels that lie outside of one of the two. */
  share: number;
}

/** Reflectance below which the shape of a spectrum is not taken at its word. */
export const DARK = 0.05;

/** How a model looks at pixels. */
export const KINDS = ['pixel', 'spatial'] as const;

/** Least squares solved exactly in a network's place, by the name that the card gives it. NNLS: abundances >= 0, then divided by their sum; FCLS: >= 0, with a sum of 1. */
export const EXACT_METHODS = ['nnls', 'fcls'] as const;

export type ExactMethod = (typeof EXACT_METHODS)[number];

/** How the numbers of a model file are stored. int8: weights and activations of the wide layers are integers; float16: weights are stored in half. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;

export type Precision = (typeof PRECISIONS)[number];

/**
 * What storing less than float32 costs: differences of abundances from the float32 model's. Of a spatial model they are those of its pixel-wise
 * encoder, measured on single pixels: its layer, in float32 always, evens errors out as it does noise.
 */
export interface CardQuantisation {
  precision: Exclude<Precision, 'float32'>;
  /** Mean of |difference| over pixels and endmembers. */
  meanError: number;
  /** Largest |difference|. */
  maxError: number;
  /** Training pixels that the integers were fitted to. */
  calibrationPixels: number;
  /** Other training pixels, on which the errors were measured. */
  heldOutPixels: number;
}

export interface ModelCard {
  version: typeof CARD_VERSION;
  software: { name: 'egunet'; version: string };
  /** ISO 8601. */
  created: string;
  /** 'pixel': every pixel by itself. 'spatial': with its neighbours. */
  kind: (typeof KINDS)[number];
  /** How many pixels around it a spatial model looks at; a pixel-wise one has none. */
  halo?: number;
  sensor: string | null;
  bands: CardBand[];
  endmembers: CardEndmember[];
  /** The network's input is clip(reflectance * inputScale, 0, 1); already inside the graph. What is solved exactly takes reflectance as it is. */
  inputScale: number;
  /** An encoder, or one of EXACT_METHODS. Its output widths; sides of its kernels in pixels, absent where all are 1. */
  network: { name: string; layers: number[]; kernels?: number[] };
  /** Of what is solved exactly for given endmembers all numbers but the seed are 0, and the schedule is 'none'. */
  training: {
    seed: number;
    epochs: number;
    steps: number;
    schedule: string;
    learningRate: number;
    dropRate: number;
    weightDecay: number;
    pixels: number;
    candidates: number;
    endmemberMethod: string;
  };
  /**
   * What it was trained on; `bands`: how many the whole scene has, given with the bands' `index`. A pool of scenes is as large as an image of them below each other;
   * `scenes` names them, the first hundred.
   */
  data: { scene: string; rows: number; cols: number; bands?: number; scenes?: string[]; sha256: string };
  /** Absent where a scene was trained on. */
  library?: CardLibrary;
  metrics: CardMetric[];
  /** Absent of what is solved exactly, and from models of earlier versions. */
  distribution?: CardDistribution;
  /** Absent where the model is float32. */
  quantisation?: CardQuantisation;
}

/** How the model of a card solves for abundances; undefined for a network. */
export const exactMethodOf = ({ network }: ModelCard): ExactMethod | undefined =>
  EXACT_METHODS.find((method) => method === network.name);

/** How the model of a card stores its numbers. */
export function precisionOf({ quantisation }: ModelCard): Precision {
  return quantisation?.precision ?? 'float32';
}

const invalid = (path: string, expected: string, got: string) =>
  new ModelCardError(`model card: ${path} should be ${expected}, got ${got}; export the model again`);

const { number, positive, count, text, is, oneOf, optional, orNull, list, record } = createChecks(invalid);

/** Text that a map's metadata can hold and a terminal does not obey. */
const label: Check = (value, path) => {
  text(value, path);
  if (/\p{Cc}/u.test(value as string)) throw invalid(path, 'text without control characters', JSON.stringify(value));
};

/** Throws ModelCardError where a value is no CardLibrary. */
export const checkCardLibrary: Check = record({
  files: list(record({ name: label, sha256: label }), 1),
  classes: list(record({ name: label, spectra: count, sources: list(label, 1) }), 2),
  members: count,
});

const atLeastZero: Check = (value, path) => {
  number(value, path);
  if ((value as number) < 0) throw invalid(path, 'a number >= 0', `${value}`);
};

const checkCard = record({
  version: is(CARD_VERSION),
  software: record({ name: is('egunet'), version: text }),
  created: text,
  kind: oneOf(KINDS),
  halo: optional(count),
  sensor: orNull(label),
  bands: list(record({ wavelength: orNull(positive), fwhm: orNull(positive), index: optional(count) }), 1),
  endmembers: list(record({ name: label, spectrum: list(number, 1) }), 2),
  inputScale: positive,
  network: record({ name: text, layers: list(count, 1), kernels: optional(list(positive, 1)) }),
  training: record({
    seed: count,
    epochs: count,
    steps: count,
    schedule: text,
    learningRate: atLeastZero,
    dropRate: number,
    weightDecay: number,
    pixels: count,
    candidates: count,
    endmemberMethod: text,
  }),
  data: record({
    scene: text,
    rows: count,
    cols: count,
    bands: optional(count),
    scenes: optional(list(text, 1)),
    sha256: text,
  }),
  library: optional(checkCardLibrary),
  metrics: list(record({ name: text, definition: text, value: number, unit: text }), 0),
  quantisation: optional(
    record({
      precision: oneOf(PRECISIONS.slice(1)),
      meanError: atLeastZero,
      maxError: atLeastZero,
      calibrationPixels: count,
      heldOutPixels: count,
    }),
  ),
});

/** Checks every field of a card; throws ModelCardError naming the first that is wrong. */
export function assertModelCard(value: unknown): asserts value is ModelCard {
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > CARD_VERSION)
    throw new ModelCardError(
      `model card: version ${version} is newer than ${CARD_VERSION}, which this egunet reads; update egunet`,
    );
  checkCard(value, 'card');
  const card = value as ModelCard;
  for (const [i, { name, spectrum }] of card.endmembers.entries())
    if (spectrum.length !== card.bands.length)
      throw invalid(`endmembers[${i}] (${name})`, `a spectrum of ${card.bands.length} bands`, `${spectrum.length}`);
  const { layers, kernels } = card.network;
  if (kernels && kernels.length !== layers.length)
    throw invalid('card.network.kernels', `${layers.length} sides, one a layer`, `${kernels.length}`);
  assertHalo(card);
  assertIndices(card);
}

/** No network looks further: a window and its halo have to be held. */
const MOST_HALO = 256;

/** A spatial model has a halo, a pixel-wise one has none. */
function assertHalo({ kind, halo }: ModelCard): void {
  const good = kind === 'spatial' ? halo !== undefined && halo >= 1 && halo <= MOST_HALO : halo === undefined;
  if (!good)
    throw invalid(
      'card.halo',
      kind === 'spatial' ? `1 to ${MOST_HALO}` : 'absent from a pixel-wise model',
      `${halo ?? 'nothing'}`,
    );
}

/** Source bands are different bands of the training scene, known for all bands or for none. */
function assertIndices({ bands, data }: ModelCard): void {
  const indices = bands.map(({ index }) => index);
  if (data.bands === undefined && indices.every((index) => index === undefined)) return;
  for (const [i, index] of indices.entries())
    if (index === undefined || index >= (data.bands ?? 0) || indices.indexOf(index) < i)
      throw invalid(
        `bands[${i}].index`,
        `another of the ${data.bands ?? 0} bands of the training scene`,
        `${index ?? 'nothing'}`,
      );
}

/** Whether a model is an ensemble, whose graph gives how far its members lie apart beside the abundances. */
export const hasSpread = (card: ModelCard): boolean =>
  (card.library?.members ?? 1) > 1 && exactMethodOf(card) === undefined;

/** How far outside a window the model looks, in pixels. */
export const haloOf = ({ halo = 0 }: ModelCard): number => halo;

/** Reads a card from its JSON text. */
export function parseModelCard(json: string): ModelCard {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ModelCardError('model card: not valid JSON; export the model again', { cause });
  }
  assertModelCard(value);
  return value;
}
