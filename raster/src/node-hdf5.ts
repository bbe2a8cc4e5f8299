// HDF5 files on disk, read by the HDF Group's own library as WebAssembly (h5wasm).
import { stat } from 'node:fs/promises';
import type { EmitOptions } from './hdf5/emit.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Values } from './hdf5/file.js';
import { openHdf5Scene } from './hdf5/scene.js';
import { toRasterError } from './node-files.js';
import { refuse } from './refuse.js';
import { sampleArrays } from './samples.js';
import type { SampleType, Scene } from './scene.js';

type Module = typeof import('h5wasm/node').Module;
type Metadata = ReturnType<Module['get_dataset_metadata']>;

/** One instance of the library. What goes wrong in it, down to its abortion, touches no file but those opened with it. */
export interface Hdf5Library {
  readonly module: Module;
  /** Takes what the library wrote of its errors since the last call. */
  complaint(): string;
}

/** What this module takes of Emscripten's file system: the stream of standard error, which the library fills with traces. */
interface Streams {
  getStream(fd: number): { node?: object; stream_ops?: object };
}

/** H5T_class_t, H5G_obj_t (HDF5 reference manual). */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const GROUP = 0;
const DATASET = 1;

/**
 * A fresh instance of the library; takes about 70 ms. The package offers one instance for all of a process, which would stay broken once it
 * aborted and would never give back its memory: so its factory is called here.
 */
export async function loadHdf5(): Promise<Hdf5Library> {
  const factory = new URL('./hdf5_util.js', import.meta.resolve('h5wasm/node')).href;
  const { default: create } = (await import(factory)) as { default: (options: object) => Promise<Module> };
  const module = await create({ noInitialRun: true });
  const decoder = new TextDecoder();
  let text = '';
  const standardError = (module.FS as unknown as Streams).getStream(2);
  standardError.node = { mode: 0o20_000 }; // a character device
  standardError.stream_ops = {
    write(_: unknown, bytes: Uint8Array, offset: number, length: number) {
      if (text.length < MOST_COMPLAINT) text += decoder.decode(bytes.slice(offset, offset + length));
      return length;
    },
  };
  return {
    module,
    complaint() {
      const said = text;
      text = '';
      return said;
    },
  };
}

/** Characters kept of the library's traces. */
const MOST_COMPLAINT = 2 ** 16;
/** Bytes of an attribute, and of one read: above them the file is damaged, or the caller is wrong. */
const MOST_ATTRIBUTE = 2 ** 24;
const MOST_READ = 2 ** 29;

/** The innermost reason of the library's trace: `  #011: file.c line 88 in function(): reason`. */
function innermost(trace: string): string | undefined {
  const lines = [...trace.matchAll(/^\s*#\d+: .* in \w+\(\): (.*)$/gm)];
  return lines.at(-1)?.[1]?.trim();
}

/** A file that the library has open. */
interface Opened {
  readonly path: string;
  readonly id: bigint;
  /** Runs `what` in the library; whatever that throws becomes a RasterError which says what the library found. */
  guard<T>(doing: string, what: (module: Module) => T): T;
}

function makeGuard(path: string, library: Hdf5Library): { guard: Opened['guard']; isAborted: () => boolean } {
  let aborted = false;
  function guard<T>(doing: string, what: (module: Module) => T): T {
    library.complaint();
    try {
      if (aborted) throw new Error('the HDF5 library broke down on this file');
      return what(library.module);
    } catch (cause) {
      aborted ||= (cause as Error).name === 'RuntimeError'; // WebAssembly's
      const reason = innermost(library.complaint()) ?? (cause as Error).message.split('\n')[0];
      return refuse(
        path,
        `cannot ${doing}: ${reason}; the file is damaged, or stored in a way that is not read; fetch it again`,
        cause,
      );
    }
  }
  return { guard, isAborted: () => aborted };
}

function sampleTypeOf({ type, size, signed }: Metadata): SampleType | undefined {
  if (type === FLOAT) return size === 4 ? 'float32' : size === 8 ? 'float64' : undefined;
  if (type !== INTEGER || ![1, 2, 4].includes(size)) return undefined;
  return `${signed ? '' : 'u'}int${(size * 8) as 8 | 16 | 32}`;
}

/** Numbers of any size, for attributes. */
function toNumbers(bytes: Uint8Array, metadata: Metadata): number[] | undefined {
  const { buffer } = bytes as Uint8Array<ArrayBuffer>;
  if (metadata.type === INTEGER && metadata.size === 8)
    return [...(metadata.signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer))].map(Number);
  const type = sampleTypeOf(metadata);
  return type && [...new sampleArrays[type](buffer)];
}

/** Texts, of fixed length in `bytes`, or where its pointers lead. */
function toTexts(bytes: Uint8Array, { vlen, size }: Metadata, module: Module): string[] {
  if (vlen)
    return [...new Uint32Array((bytes as Uint8Array<ArrayBuffer>).buffer)].map((at) => {
      const end = module.HEAPU8.indexOf(0, at);
      return new TextDecoder().decode(module.HEAPU8.slice(at, Math.min(end, at + MOST_ATTRIBUTE)));
    });
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const text = bytes.subarray(i * size, (i + 1) * size);
    const end = text.indexOf(0);
    return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end)).trimEnd();
  });
}

/** Memory of the library for `length` bytes while `use` runs. */
function withMemory<T>(module: Module, length: number, use: (at: number) => T): T {
  const at = module._malloc(length);
  if (at === 0) throw new Error(`no memory for ${length} bytes`);
  try {
    return use(at);
  } finally {
    module._free(at);
  }
}

function datasetOf({ path, id, guard }: Opened, at: string): Hdf5Dataset | undefined {
  const metadata = guard(`look for ${at}`, (module) =>
    module.get_type(id, at) === DATASET ? module.get_dataset_metadata(id, at) : undefined,
  );
  if (!metadata) return undefined;
  if (metadata.virtual_sources) refuse(path, `${at} takes its values from other files; copy them into one (h5repack)`);
  const sampleType = sampleTypeOf(metadata);
  return {
    path: at,
    shape: metadata.shape ?? [],
    ...(sampleType && { sampleType }),
    ...(metadata.chunks && { chunks: metadata.chunks }),
  };
}

function attributeOf({ id, guard }: Opened, at: string, name: string): Hdf5Values | undefined {
  return guard(`read attribute '${name}' of ${at}`, (module) => {
    if (module.get_type(id, at) < 0 || !module.get_attribute_names(id, at).includes(name)) return undefined;
    const metadata = module.get_attribute_metadata(id, at, name);
    const bytes = metadata.size * metadata.total_size;
    if (!(bytes <= MOST_ATTRIBUTE)) throw new Error(`it claims ${bytes} bytes`);
    if (bytes === 0) return [];
    return withMemory(module, bytes, (memory) => {
      if (module.get_attribute_data(id, at, name, BigInt(memory)) < 0) throw new Error('its values are damaged');
      const own = module.HEAPU8.slice(memory, memory + bytes);
      const values = metadata.type === STRING ? toTexts(own, metadata, module) : toNumbers(own, metadata);
      if (metadata.vlen) module.reclaim_vlen_memory(id, at, name, BigInt(memory));
      return values;
    });
  });
}

function readBox({ id, guard }: Opened, dataset: Hdf5Dataset, start: readonly number[], count: readonly number[]) {
  const Samples = sampleArrays[dataset.sampleType!];
  const bytes = count.reduce((product, side) => product * side, Samples.BYTES_PER_ELEMENT);
  return guard(`read ${count.join(' x ')} values of ${dataset.path} from [${start.join(', ')}]`, (module) => {
    if (bytes > MOST_READ) throw new Error(`${bytes} bytes at once are more than ${MOST_READ}`);
    return withMemory(module, bytes, (memory) => {
      const box = [count.map(BigInt), start.map(BigInt), count.map(() => 1n)] as const;
      if (module.get_dataset_data(id, dataset.path, ...box, BigInt(memory)) < 0)
        throw new Error('its values are damaged');
      return new Samples(module.HEAPU8.slice(memory, memory + bytes).buffer);
    });
  });
}

/** Opens an HDF5 file by its path, with a library of its own unless one is given. Rejects with RasterError where there is none, or it is damaged. */
export async function openHdf5File(path: string, library?: Hdf5Library): Promise<Hdf5File> {
  const { size } = await stat(path).catch((cause) => {
    throw toRasterError('open it', path, cause);
  });
  const { guard, isAborted } = makeGuard(path, library ?? (await loadHdf5()));
  const id = guard('open it', (module) => {
    const opened = module.open(path, module.H5F_ACC_RDONLY, false, -1, -1);
    if (opened < 0n) throw new Error('the HDF5 library refused');
    return opened;
  });
  const file = { path, id, guard };
  return {
    name: path,
    size,
    members: (group) =>
      guard(`list ${group}`, (module) =>
        module.get_type(id, group) === GROUP ? module.get_names(id, group, false) : [],
      ),
    dataset: (at) => datasetOf(file, at),
    attribute: (at, name) => attributeOf(file, at, name),
    read: (dataset, start, count) => readBox(file, dataset, start, count),
    close() {
      if (!isAborted()) guard('close it', (module) => module.close_file(id));
    },
  };
}

/** Opens an HDF5 scene by its path. Rejects with RasterError where it is damaged or none. */
export const openHdf5 = async (path: string, options?: EmitOptions): Promise<Scene> =>
  openHdf5Scene(await openHdf5File(path), options);
