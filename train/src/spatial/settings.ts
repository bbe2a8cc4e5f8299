// Every constant of the spatial layer, in one place. One set for every scene.

export const SPATIAL = {
  /** How far the layer looks, in pixels. */
  radius: 2,
  /** Side in pixels of the patches that it is fitted to. A scene of a patch or less is one patch. */
  patchSize: 64,
  /** Pixels with data that a patch must have, or a quarter of it where that is fewer. */
  leastPixels: 256,
  /** Patches at most, drawn by the seed: 65,536 pixels. */
  maxPatches: 16,
  /** Power of the distance by which differences between neighbours may grow: 1 across sharp borders, 2 where everything is smooth. */
  leastExponent: 1,
  mostExponent: 2,
  /** A factor that seems to be noise alone is taken for noise up to this share: something of it may be signal. */
  mostNoise: 0.99,
  /** Weights whose absolute values sum to more are those of a variogram that contradicts itself, as that of few pairs may: such a factor is left alone. */
  mostWeight: 3,
} as const;
