// What the doctor looks at, by the names that it is asked for by; free of runtimes, for help texts.

/** Where models run: onnxruntime's execution providers. */
export const DEVICES = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;

/** What trains: onnxruntime on its devices, and packages of TensorFlow. */
export const ENGINES = ['onnx-cpu', 'onnx-cuda', 'onnx-webgpu', 'tensorflow', 'tensorflow-gpu'] as const;
export type EngineId = (typeof ENGINES)[number];

/** Programs that are used where they are. */
export const TOOLS = ['gdal', 'chromium'] as const;
export type ToolId = (typeof TOOLS)[number];

/** All of it. */
export const THINGS = [...DEVICES, ...ENGINES, ...TOOLS] as const;
export type ThingId = (typeof THINGS)[number];

/** What there is on one system alone. */
const ELSEWHERE: Readonly<Partial<Record<ThingId, NodeJS.Platform>>> = { dml: 'win32', coreml: 'darwin' };

/** What may be on this system. */
export const thingsHere = (): ThingId[] =>
  THINGS.filter((id) => (ELSEWHERE[id] ?? process.platform) === process.platform);
