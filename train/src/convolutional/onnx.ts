// The compiled engine of images: a traced step inside onnxruntime, on the CPU.
import { createOnnxStepEngine } from '../engines/step-engine.js';
import { type ImageEngine, type ImageProblem, imageEngine, imageStepProblem } from './engine.js';

/** Compiles the problem's step. `threads` 0: all cores. */
export const createOnnxImageEngine = async (problem: ImageProblem, { threads = 0 } = {}): Promise<ImageEngine> =>
  imageEngine(problem, await createOnnxStepEngine(imageStepProblem(problem), { threads }));
