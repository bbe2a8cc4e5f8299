/** A scene, a sample or a training run that cannot be used: one line that says what, where, expected, got and what to do. */
export class TrainError extends Error {
  readonly _tag = 'TrainError';
  override readonly name = 'TrainError';
}
