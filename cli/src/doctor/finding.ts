// What the doctor says of one thing.

/** Whether a thing is there and works, and what to do where it does not. */
export interface Finding {
  /** `onnx-cpu`, `webgpu`, `gdal`: how it is asked for by itself. */
  readonly id: string;
  readonly works: boolean;
  /** What it is and how it did, or why it does not work. */
  readonly says: string;
  /** The command that brings it, or what is needed; absent where nothing can be done here. */
  readonly remedy?: string;
  /** Figures for `--json`, with their units in their names. */
  readonly figures?: Readonly<Record<string, number | string>>;
}
