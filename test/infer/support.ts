// Scenes in memory, a card and sessions for the tests of inference. Legend: N pixels, B bands, C endmembers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReaderBand, readCard, type Session, type SpectraReader, type Window } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { root } from '../support/index.js';

export const golden = (file: string): string => join(root, 'fixtures/golden/infer', file);

/** The small model that make_model.py made: 8 bands, 3 endmembers. */
export const modelPath = golden('pixel.onnx');
export const modelCard = (): ModelCard => readCard(readFileSync(modelPath));

/** Spectra [64, 8] and the abundances [64, 3] that Python's onnxruntime gives for them. */
export function goldenAbundances(): { spectra: Float32Array; abundances: Float32Array } {
  const bytes = readFileSync(golden('golden.f32'));
  const values = Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  return { spectra: values.slice(0, 64 * 8), abundances: values.slice(64 * 8) };
}

/** The model's own bands as a scene would have them. */
export const cardBands = (card: ModelCard): ReaderBand[] =>
  card.bands.map(({ wavelength, fwhm }, i) => ({
    name: `band ${i + 1}`,
    wavelength: wavelength ?? undefined,
    fwhm: fwhm ?? undefined,
    bad: false,
  }));

export interface MemoryScene {
  rows: number;
  cols: number;
  bands: readonly ReaderBand[];
  /** [rows * cols, bands] */
  spectra: Float32Array;
  valid?: Uint8Array;
  block?: { rows: number; cols: number };
  sensor?: string;
}

/** A scene in memory that remembers the windows it was asked for. */
export function memoryReader(scene: MemoryScene): SpectraReader & { windows: Window[] } {
  const { rows, cols, spectra, bands, sensor } = scene;
  const valid = scene.valid ?? new Uint8Array(rows * cols).fill(1);
  const windows: Window[] = [];
  return {
    name: 'scene',
    sensor,
    rows,
    cols,
    bands,
    block: scene.block ?? { rows, cols },
    windows,
    async *streamSpectra(window, wanted, capacity, { leaveOut } = {}) {
      windows.push(window);
      const B = wanted.length;
      const pixels = Uint32Array.from({ length: window.rows * window.cols }, (_, i) => i);
      const placeOf = (i: number) => (window.row + Math.floor(i / window.cols)) * cols + window.col + (i % window.cols);
      const known = pixels.filter((i) => valid[placeOf(i)] === 1 && leaveOut?.[i] !== 1);
      for (let start = 0; start < known.length; start += capacity) {
        const some = known.slice(start, start + capacity);
        const packed = new Float32Array(capacity * B);
        for (const [slot, i] of some.entries())
          for (const [b, band] of wanted.entries()) packed[slot * B + b] = spectra[placeOf(i) * bands.length + band]!;
        yield { count: some.length, pixels: some, spectra: packed };
      }
    },
  };
}

/** Reflectances in [0, `most`) that differ everywhere, from a hash of their position: the same on every run. */
export const hashedSpectra = (length: number, most = 0.8): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 24) * most);

/** A session that shares each pixel out in proportion to its first C bands, and remembers how many pixels it was given. */
export function proportionSession(B: number, C: number): Session & { runs: number[] } {
  const runs: number[] = [];
  return {
    runs,
    async run([input]) {
      const [spectra, pixels] = [input!.data, input!.shape[0]!];
      runs.push(pixels);
      const out = new Float32Array(pixels * C);
      for (let i = 0; i < pixels; i++) {
        let sum = 0;
        for (let c = 0; c < C; c++) sum += spectra[i * B + c]! + 1;
        for (let c = 0; c < C; c++) out[i * C + c] = (spectra[i * B + c]! + 1) / sum;
      }
      return out;
    },
    release: async () => undefined,
  };
}

/** A length-delimited protobuf field. */
function protobufField(number: number, content: Uint8Array): Buffer {
  const head = [number * 8 + 2];
  let length = content.length;
  for (; length >= 128; length = length >> 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}

/** The model with another card: of two entries with one key, the later counts. */
export function withCard(model: Uint8Array, card: ModelCard): Buffer {
  const entry = [protobufField(1, Buffer.from('egunet')), protobufField(2, Buffer.from(JSON.stringify(card)))];
  return Buffer.concat([model, protobufField(14, Buffer.concat(entry))]);
}
