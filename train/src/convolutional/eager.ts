// The eager engine of images: the step on whichever tfjs backend is active. The reference for the compiled one.
import { createEagerStepEngine } from '../engines/step-engine.js';
import { type ImageEngine, type ImageProblem, imageEngine, imageStepProblem } from './engine.js';

/** Creates the engine on tfjs's active backend. */
export const createEagerImageEngine = (problem: ImageProblem): ImageEngine =>
  imageEngine(problem, createEagerStepEngine(imageStepProblem(problem)));
