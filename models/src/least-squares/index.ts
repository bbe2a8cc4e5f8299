export { createNnlsSolver, type NnlsSolver } from './nnls-solver.js';
export { dotRows, invertPositive, rowGram } from './products.js';
export { type Extendable, extendable, RIDGE, TOLERANCE } from './unit-solvers.js';
