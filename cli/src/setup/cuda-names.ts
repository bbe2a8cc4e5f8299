// NVIDIA's libraries that onnxruntime's provider for CUDA loads, the driver's own not among them.

/** Without `lib` and version. */
const NAMES = ['cudart', 'cublasLt', 'cublas', 'curand', 'cufft', 'cudnn'];

/** Such a library by the name of its file, `libcudart.so.13`. */
export const isCudaLibrary = (file: string): boolean => ONE.test(file);

const ONE = new RegExp(`^lib(?:${NAMES.join('|')})\\.so\\.\\d+$`);

/** Names and major versions in the text of a library that is linked with them. */
export const cudaNamesIn = (text: string): Iterable<readonly [name: string, version: number]> =>
  [...text.matchAll(LINKED)].map(([, name, version]) => [name!, Number(version)] as const);

const LINKED = new RegExp(`(lib(?:${NAMES.join('|')})\\.so)\\.(\\d+)(?!\\d)`, 'g');

/** Loaded where a model convolves, by a name that says no version: onnxruntime is made for this one. */
export const CUDNN = 'libcudnn.so.9';
