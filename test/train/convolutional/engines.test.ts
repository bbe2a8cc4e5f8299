// Images through the compiled engine and through the eager one on tfjs's own CPU backend: two independent evaluations of the same functions.
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { type ConvolutionalForm, convolutionalLayers, listParameters, POOLINGS } from '@egunet/models';
import { createEagerImageEngine, createOnnxImageEngine, type ImageEngine, type StepOutcome } from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import { relativeDifference } from '../training-set.js';
import { tinyProblem } from './tiny-problem.js';

const STEPS = 10;

async function run(engine: ImageEngine, { start, arrays }: ReturnType<typeof tinyProblem>): Promise<StepOutcome[]> {
  const steps: StepOutcome[] = [];
  for (let i = 0; i < STEPS; i++) steps.push(await engine.step(steps.at(-1)?.state ?? start, arrays, 0.003));
  await engine.release();
  return steps;
}

describe('engines of images', () => {
  before(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  for (const form of ['guided', 'paper'] satisfies ConvolutionalForm[])
    for (const pooling of POOLINGS)
      it(`give the same gradients and losses, traced and eager: ${form}, pools ${pooling}`, async () => {
        const tiny = tinyProblem({ form, pooling });
        const eager = await run(createEagerImageEngine(tiny.problem), tiny);
        const compiled = await run(await createOnnxImageEngine(tiny.problem, { threads: 1 }), tiny);
        // After one step Adam's first moment is a tenth of the gradient. Float32 against float64 sums over 2 x 56 pixels.
        for (const { name, offset, size } of listParameters(convolutionalLayers(tiny.problem.network))) {
          const part = ({ state }: StepOutcome) => state.first.subarray(offset, offset + size);
          const difference = relativeDifference(part(compiled[0]!), part(eager[0]!));
          assert.ok(difference < 1e-4, `gradient of ${name} differs by ${difference}`);
        }
        assert.ok(relativeDifference(compiled[0]!.state.moving, eager[0]!.state.moving) < 1e-5);
        eager.forEach(({ losses }, i) => {
          const difference = relativeDifference(compiled[i]!.losses, losses);
          assert.ok(difference < 1e-4, `losses of step ${i} differ by ${difference}: ${losses}`);
        });
        assert.ok(eager.at(-1)!.losses[0]! < eager[0]!.losses[0]!, 'the loss falls');
      });
});
