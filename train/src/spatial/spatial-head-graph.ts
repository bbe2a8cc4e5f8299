// The head of EGU-Net-ss as a graph: that of the pixel-wise network, whatever its precision, and the spatial layer behind it.
// Legend: H x W pixels, B bands, C endmembers.
import {
  addInput,
  addInt64,
  addNode,
  addOutput,
  appendGraph,
  createBuilder,
  finishGraph,
  type Graph,
  prefixNames,
  renameValues,
  traceFunction,
} from '@egunet/export';
import { filterAbundances, type SpatialFilter } from '@egunet/models';
import type * as tf from '@tensorflow/tfjs-core';

/** The layer alone: `pixelwise` [1, H, W, C] and `mask` [1, H, W, 1] -> `smoothed` [1, H, W, C]. */
function layerGraph(filter: SpatialFilter, C: number): Graph {
  const inputs = [
    { name: 'pixelwise', shape: [1, 'rows', 'cols', C] },
    { name: 'mask', shape: [1, 'rows', 'cols', 1] },
  ];
  return traceFunction(
    (abundances, valid) => filterAbundances(abundances as tf.Tensor4D, valid as tf.Tensor4D, filter),
    inputs,
    { outputs: ['smoothed'] },
  );
}

/**
 * `image` [H, W, B] and `valid` [H, W] -> `abundances` [H, W, C], from a head `spectra` [n, B] -> `abundances` [n, C].
 * Beyond the image there are no valid pixels, and those within that are not valid take no part.
 */
export function spatialHeadGraph(
  head: Graph,
  filter: SpatialFilter,
  { bands, endmembers }: { bands: number; endmembers: number },
): Graph {
  const builder = createBuilder('egunet-ss');
  const image = addInput(builder, { name: 'image', type: 'float32', shape: ['rows', 'cols', bands] });
  const valid = addInput(builder, { name: 'valid', type: 'float32', shape: ['rows', 'cols'] });
  // The shape of a tensor that is already as it should be: one that is put together would be computed on the CPU, which a GPU's sessions refuse.
  const axes = (...list: number[]) => addInt64(builder, list);
  const perEndmember = addNode(builder, 'Tile', [
    addNode(builder, 'Unsqueeze', [valid, axes(2)]),
    addInt64(builder, [1, 1, endmembers]),
  ]); // [H, W, C]
  const size = addNode(builder, 'Shape', [perEndmember]);
  addNode(builder, 'Reshape', [image, addInt64(builder, [-1, bands])], { outputs: ['spectra'] });
  const flat = 'pixelwise_flat'; // [H W, C]
  appendGraph(builder, prefixNames(renameValues(head, new Map([['abundances', flat]])), 'head_', ['spectra', flat]));
  const pixelwise = addNode(builder, 'Reshape', [flat, size]);
  addNode(builder, 'Unsqueeze', [pixelwise, axes(0)], { outputs: ['pixelwise'] });
  addNode(builder, 'Unsqueeze', [valid, axes(0, 3)], { outputs: ['mask'] });
  const layer = layerGraph(filter, endmembers);
  appendGraph(builder, prefixNames(layer, 'layer_', ['pixelwise', 'mask', 'smoothed']));
  addNode(builder, 'Squeeze', ['smoothed', axes(0)], { outputs: ['abundances'] });
  addOutput(builder, { name: 'abundances', type: 'float32', shape: ['rows', 'cols', endmembers] });
  return finishGraph(builder);
}
