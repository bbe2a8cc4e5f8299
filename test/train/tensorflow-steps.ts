// Run as a process of its own: tfjs takes one package of TensorFlow. Arguments: the package's folder and name. Prints as JSON what three epochs of ten
// steps came to, on TensorFlow and on tfjs's CPU backend, and how many tensors there were after each.
import '@tensorflow/tfjs-backend-cpu';
import { createEagerEngine, type Engine, fit, isOutOfMemory, openTensorflow, type Problem } from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import { mixtures } from './training-set.js';

const [folder, name] = process.argv.slice(2);
tf.enableProdMode();
await tf.setBackend('cpu');
const { version, device, engine } = await openTensorflow(folder!, name as 'tfjs-node');
const { set, facts } = mixtures({ pixels: 310, candidates: 31 });

async function steps(make: (problem: Problem) => Promise<Engine>) {
  const losses: number[] = [];
  const tensors: number[] = [];
  let backend = '';
  const watched = async (problem: Problem): Promise<Engine> => {
    const inner = await make(problem);
    return {
      ...inner,
      async runEpoch(state, plan) {
        const result = await inner.runEpoch(state, plan);
        losses.push(...result.losses);
        tensors.push(tf.memory().numTensors);
        backend = tf.getBackend();
        return result;
      },
    };
  };
  await fit(set, facts, { epochs: 3, batch: 31, learningRate: 0.001, seed: 4, engine: watched });
  return { losses, tensors, backend, left: tf.memory().numTensors };
}

const before = tf.memory().numTensors;
const reference = await steps(async (problem) => createEagerEngine(problem));
const trained = await steps(engine);
const after = tf.getBackend();

/** Whether 4 TB that TensorFlow cannot have are seen to be that. */
async function seesNoMemory(): Promise<boolean> {
  await tf.setBackend('tensorflow');
  try {
    tf.tidy(() => tf.matMul(tf.ones([1e6, 1]), tf.ones([1, 1e6])));
    return false;
  } catch (error) {
    return isOutOfMemory(error);
  }
}

const noMemory = await seesNoMemory();
console.log(JSON.stringify({ version, device, before, reference, trained, after, noMemory }));
