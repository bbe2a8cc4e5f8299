// A server in this process, and a client that sends paths as they are written.
import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { type ServeOptions, startViewer, type Viewer } from 'egunet/dist/serve/server.js';
import { root } from '../support/index.js';

/** A small model. */
export const MODEL = join(root, 'fixtures/golden/infer/pixel.onnx');

/** An answer that came whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** Asks for a path, in exactly this spelling, on a connection of its own. Rejects where the answer is cut off. */
export function ask({ port }: { readonly port: number }, path: string, options: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    asking.on('error', reject).end();
  });
}

/** A server, from before the suite until after it, of what `options` says once the suite's files are made. Call inside `describe`. */
export function serving(options: () => ServeOptions | Promise<ServeOptions>): Viewer {
  const state = {} as { -readonly [K in keyof Viewer]: Viewer[K] };
  before(async () => {
    Object.assign(state, await startViewer({ port: 0, ...(await options()) }));
  });
  after(() => state.close?.());
  return state;
}

/** Writes files below a folder, which is made; returns it. */
export function writeFolder(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}
