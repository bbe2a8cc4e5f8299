import type { HttpOptions } from './http-request.js';

/** How a scene is reached. Nothing here changes what is read of it. */
export interface SceneAccess extends HttpOptions {
  /** Told, in one line, what takes a while before a scene is open. */
  readonly onNotice?: (message: string) => void;
  /** True in a thread of a process that has the scene open already, and for longer, or that was started by such a process: then what is unpacked for it need not be given back. */
  readonly held?: boolean;
}
