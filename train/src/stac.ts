import { exactMethodOf, hasSpread, type ModelCard, precisionOf } from '@egunet/models/card';

const MLM = 'https://stac-extensions.github.io/mlm/v1.5.0/schema.json';
const EO = 'https://stac-extensions.github.io/eo/v2.0.0/schema.json';
const FILE = 'https://stac-extensions.github.io/file/v2.1.0/schema.json';

/** What the sidecar says of the model file itself. */
export interface ModelFile {
  /** Relative path from the sidecar to the model. */
  readonly href: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * A STAC item with the machine-learning-model extension 1.5 that describes a model file, as its sidecar.
 * A model has no place or time of its own: no geometry, and the whole range of times. Source: the STAC specification 1.1 and MLM 1.5.
 */
export function stacItem(card: ModelCard, file: ModelFile): Record<string, unknown> {
  const names = card.endmembers.map(({ name }) => name);
  const architecture = exactMethodOf(card)?.toUpperCase() ?? 'EGU-Net';
  const bands = card.bands.map(({ wavelength, fwhm }, i) => ({
    name: wavelength === null ? `band ${i + 1}` : `${wavelength} nm`,
    ...(wavelength !== null && { 'eo:center_wavelength': wavelength / 1000 }), // micrometres
    ...(fwhm !== null && { 'eo:full_width_half_max': fwhm / 1000 }),
  }));
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: [MLM, EO, FILE],
    id: file.href.replace(/\.onnx$/i, ''),
    geometry: null,
    properties: {
      title: `${architecture} abundances of ${names.join(', ')}`,
      description: `Abundances (fractions, >= 0, sum 1) from surface reflectance${card.sensor ? ` of ${card.sensor}` : ''}, ${card.kind === 'pixel' ? 'pixel by pixel' : `of each pixel and its neighbours up to ${card.halo} pixels away`}; ${precisionOf(card)}.`,
      datetime: card.created,
      start_datetime: '1900-01-01T00:00:00Z',
      end_datetime: '9999-12-31T23:59:59Z',
      created: card.created,
      bands,
      'mlm:name': `${exactMethodOf(card) ? architecture : card.network.name.replace('egunet', 'EGU-Net')} ${card.data.scene}`,
      'mlm:architecture': architecture,
      'mlm:tasks': ['regression'],
      'mlm:framework': 'ONNX',
      'mlm:framework_version': '1.12.0', // the release of opset 17
      'mlm:total_parameters': countParameters(card),
      'mlm:pretrained': true,
      'mlm:hyperparameters': card.training,
      'mlm:input': card.kind === 'pixel' ? [spectraOf(card, bands)] : [imageOf(card, bands), VALID],
      'mlm:output': [outputOf(card, names), ...(hasSpread(card) ? [spreadOf(card, names)] : [])],
    },
    assets: {
      model: {
        href: `./${file.href}`,
        type: 'application/octet-stream; framework=onnx',
        title: 'Abundance head',
        roles: ['mlm:model', 'mlm:weights'],
        'mlm:artifact_type': 'onnx',
        'file:size': file.bytes,
        'file:checksum': `1220${file.sha256}`, // multihash: sha2-256, 32 bytes
      },
    },
    links: [],
  };
}

const REFLECTANCE = 'Surface reflectance, unitless, 1 = 100 %; scaling and clipping are inside the graph.';

function spectraOf(card: ModelCard, bands: { name: string }[]) {
  return {
    name: 'spectra',
    bands: bands.map(({ name }) => name),
    input: { shape: [-1, card.bands.length], dim_order: ['batch', 'bands'], data_type: 'float32' },
    description: REFLECTANCE,
    value_scaling: null,
    resize_type: null,
  };
}

function imageOf(card: ModelCard, bands: { name: string }[]) {
  return {
    name: 'image',
    bands: bands.map(({ name }) => name),
    input: { shape: [-1, -1, card.bands.length], dim_order: ['height', 'width', 'bands'], data_type: 'float32' },
    description: REFLECTANCE,
    value_scaling: null,
    resize_type: null,
  };
}

const VALID = {
  name: 'valid',
  bands: [],
  input: { shape: [-1, -1], dim_order: ['height', 'width'], data_type: 'float32' },
  description: '1 where the pixel has data, 0 elsewhere.',
  value_scaling: null,
  resize_type: null,
};

function outputOf({ kind }: ModelCard, names: string[]) {
  const [shape, order] =
    kind === 'pixel'
      ? [[-1], ['batch']]
      : [
          [-1, -1],
          ['height', 'width'],
        ];
  return {
    name: 'abundances',
    tasks: ['regression'],
    result: { shape: [...shape!, names.length], dim_order: [...order!, 'endmember'], data_type: 'float32' },
    description: `Abundances of ${names.join(', ')}, in this order.`,
  };
}

const spreadOf = (card: ModelCard, names: string[]) => ({
  ...outputOf(card, names),
  name: 'spread',
  description: `Standard deviation of the abundances of ${names.join(', ')}, in this order, over ${card.library!.members} networks trained from different seeds: how far they disagree, no error bar.`,
});

/** Weights and biases of the folded encoders, or the endmembers' values. */
function countParameters(card: ModelCard): number {
  const { bands, endmembers, network } = card;
  if (exactMethodOf(card)) return bands.length * endmembers.length; // their spectra
  let inputs = bands.length;
  const counts = network.layers.map((outputs, i) => {
    const count = (inputs * (network.kernels?.[i] ?? 1) ** 2 + 1) * outputs;
    inputs = outputs;
    return count;
  });
  return counts.reduce((sum, count) => sum + count, 0) * (card.library?.members ?? 1);
}
