export { TrainError } from './error.js';
export { nnls, nnlsAbundances, nnlsFromProducts } from './nnls.js';
export { createRandom, type Random, type RandomState, restoreRandom, splitMix64 } from './random.js';
