// Stored 16-bit samples to what a model reads, and what it gives to a map, both on the GPU.
// Legend: B bands of the model, C endmembers, R bands read, n pixels of a run, N pixels of a window.
import type { BandPlan } from '@egunet/infer';
import type { Band } from '@egunet/raster';
import { USAGE } from './gpu.js';

/** In a map: the pixel has no data. A quiet NaN whose bits no arithmetic makes, so that a model's own NaN is told from it. */
export const NO_DATA_BITS = 0x7fc0_5eed;

/** No 16-bit sample is this. */
const NO_SUCH_SAMPLE = 0x7fff_ffff;

/** Reflectance = stored * gain + offset; a model's band is one band read, or lies between two. */
const CONVERT = /* wgsl */ `
struct Size { pixels: u32, read: u32, bands: u32, isSigned: u32 }
struct Read { gain: f32, offset: f32, noData: i32, spare: u32 }
struct Taken { low: u32, high: u32, weight: f32, spare: u32 }
@group(0) @binding(0) var<uniform> size: Size;
@group(0) @binding(1) var<storage, read> stored: array<u32>;
@group(0) @binding(2) var<storage, read> bandsRead: array<Read>;
@group(0) @binding(3) var<storage, read> taken: array<Taken>;
@group(0) @binding(4) var<storage, read_write> spectra: array<f32>;
@group(0) @binding(5) var<storage, read_write> missing: array<atomic<u32>>;

fn reflectance(pixel: u32, band: u32) -> f32 {
  let at = pixel * size.read + band;
  let word = stored[at >> 1u];
  let shift = 16u * (at & 1u);
  let stored16 = select(i32(extractBits(word, shift, 16u)), extractBits(bitcast<i32>(word), shift, 16u), size.isSigned == 1u);
  let how = bandsRead[band];
  if (stored16 == how.noData) { atomicStore(&missing[pixel], 1u); }
  return f32(stored16) * how.gain + how.offset;
}

@compute @workgroup_size(64) fn convert(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size.bands || id.y >= size.pixels) { return; }
  let band = taken[id.x];
  var value = reflectance(id.y, band.low);
  if (band.weight != 0.0) { value = (1.0 - band.weight) * value + band.weight * reflectance(id.y, band.high); }
  spectra[id.y * size.bands + id.x] = value;
}`;

const SEAL = /* wgsl */ `
struct Size { pixels: u32, endmembers: u32, first: u32, noData: u32 }
@group(0) @binding(0) var<uniform> size: Size;
@group(0) @binding(1) var<storage, read> abundances: array<f32>;
@group(0) @binding(2) var<storage, read> missing: array<u32>;
@group(0) @binding(3) var<storage, read_write> map: array<u32>;

@compute @workgroup_size(8, 8) fn seal(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size.endmembers || id.y >= size.pixels) { return; }
  let at = id.y * size.endmembers + id.x;
  map[(size.first + id.y) * size.endmembers + id.x] = select(bitcast<u32>(abundances[at]), size.noData, missing[id.y] != 0u);
}`;

/** How the bands of a model are made of samples, as the GPU has it. */
export interface BandTables {
  readonly bandsRead: GPUBuffer;
  readonly taken: GPUBuffer;
  /** R, B */
  readonly read: number;
  readonly bands: number;
  readonly isSigned: boolean;
}

/** 32-bit words of rows of four numbers, each whole or with a fraction. */
function wordsOf(
  rows: readonly (readonly [first: number, second: number, third: number])[],
  kinds: string,
): Uint32Array {
  const view = new DataView(new ArrayBuffer(Math.max(1, rows.length) * 16));
  for (const [i, row] of rows.entries())
    for (const [k, value] of row.entries()) {
      if (kinds[k] === 'f') view.setFloat32(i * 16 + k * 4, value, true);
      else view.setInt32(i * 16 + k * 4, value, true);
    }
  return new Uint32Array(view.buffer);
}

/** A table for shaders. */
function tableOf(device: GPUDevice, words: Uint32Array): GPUBuffer {
  const buffer = device.createBuffer({ size: words.byteLength, usage: USAGE.STORAGE, mappedAtCreation: true });
  new Uint32Array(buffer.getMappedRange()).set(words);
  buffer.unmap();
  return buffer;
}

/** A NoData value, which may be one that no 16-bit sample holds (NaN, -1e34, a fraction): nothing is compared with that. */
const sampleOr = (noData: number | undefined): number =>
  noData !== undefined && Number.isInteger(noData) && Math.abs(noData) < 2 ** 16 ? noData : NO_SUCH_SAMPLE;

/** The tables of a plan for samples of these bands, each with its number in the scene. */
export function bandTables(
  device: GPUDevice,
  { bands: asked, interpolation }: BandPlan,
  read: { readonly bands: readonly (Band & { readonly index: number })[]; readonly isSigned: boolean },
): BandTables {
  const { bands, isSigned } = read;
  const places = new Map(bands.map(({ index }, i) => [index, i]));
  const place = (i: number) => places.get(asked[i]!)!;
  const { low, high, weight } = interpolation ?? { low: asked.keys(), high: asked.keys(), weight: asked.map(() => 0) };
  const [lows, highs] = [[...low], [...high]];
  const taken = Array.from(weight, (share, m) => [place(lows[m]!), place(highs[m]!), share] as const);
  const described = bands.map(({ gain, offset, noData }) => [gain, offset, sampleOr(noData)] as const);
  return {
    bandsRead: tableOf(device, wordsOf(described, 'ffi')),
    taken: tableOf(device, wordsOf(taken, 'iif')),
    read: bands.length,
    bands: taken.length,
    isSigned,
  };
}

/** One of the two passes. */
export interface Pass {
  /** Dispatches it over columns x pixels. `size`: the four words of its uniform. */
  encode(
    encoder: GPUCommandEncoder,
    buffers: readonly GPUBuffer[],
    size: readonly [pixels: number, second: number, third: number, fourth: number],
    columns: number,
  ): void;
}

function makePass(device: GPUDevice, code: string, side: { readonly x: number; readonly y: number }): Pass {
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const uniform = device.createBuffer({ size: 16, usage: USAGE.UNIFORM | USAGE.COPY_DST });
  return {
    encode(encoder, buffers, size, columns) {
      device.queue.writeBuffer(uniform, 0, Uint32Array.from(size));
      const entries = [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } }));
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(Math.ceil(columns / side.x), Math.ceil(size[0] / side.y));
      pass.end();
    },
  };
}

/** Stored samples to spectra: buffers stored, bandsRead, taken, spectra, missing; size pixels, R, B, 1 where samples are signed. */
export const convertPass = (device: GPUDevice): Pass => makePass(device, CONVERT, { x: 64, y: 1 });

/** Abundances into a map: buffers abundances, missing, map; size pixels, C, the first pixel's number in the map, NO_DATA_BITS. */
export const sealPass = (device: GPUDevice): Pass => makePass(device, SEAL, { x: 8, y: 8 });
