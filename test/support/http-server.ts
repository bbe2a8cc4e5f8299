// A web server for tests.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Requests that wait for their answers. */
export interface Held {
  count(): number;
  /** Answers them, and what comes from now on. */
  release(): void;
}

export interface HttpServer {
  /** `http://127.0.0.1:port/`. */
  readonly url: string;
  readonly asked: Asked[];
  /** Answers instead of the server, where it returns true; `number` counts the requests from 1. */
  instead?: ((request: IncomingMessage, response: ServerResponse, number: number) => boolean) | undefined;
  /** Sent with every file, where there is one. */
  etag?: string | undefined;
  /** Holds the answers to such requests back, until they are released. */
  hold(which: (asked: Asked) => boolean): Held;
}

/** Answers with the file, or the part of it that is asked for. */
function answer(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const from = Number(first ?? 0);
  const to = Math.min(bytes.length, Number(last ?? bytes.length) + 1);
  if (first === undefined) return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  if (from >= bytes.length) return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  response.writeHead(206, {
    'content-length': to - from,
    'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
  });
  response.end(bytes.subarray(from, to));
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
};

export interface ServeOptions {
  /** Sent with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Files that are not among those named. */
  readonly others?: (path: string) => Uint8Array | undefined;
}

/** What permits a page threads that share memory. */
export const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/** Serves files by their names, with byte ranges, from before the suite until after it. Call inside `describe`. */
export function serveFiles(files: Record<string, Uint8Array>, { headers = {}, others }: ServeOptions = {}): HttpServer {
  const give = (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(request.url!.slice(1).replace(/\?.*/, ''));
    const bytes = files[path] ?? others?.(path);
    const type = TYPES[path.replace(/^.*\./, '')];
    for (const [name, value] of Object.entries({ ...headers, ...(type && { 'content-type': type }) }))
      response.setHeader(name, value);
    if (!bytes) return void response.writeHead(404).end('no such file');
    if (state.etag !== undefined) response.setHeader('etag', state.etag);
    answer(request, response, bytes);
  };
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    state.asked.push({ path: request.url!, range, authorization });
    if (state.instead?.(request, response, state.asked.length)) return;
    give(request, response);
  });
  const state: HttpServer & { url: string } = {
    url: '',
    asked: [],
    hold(which) {
      const waiting: (() => void)[] = [];
      state.instead = (request, response) => {
        if (!which(state.asked.at(-1)!)) return false;
        waiting.push(() => give(request, response));
        return true;
      };
      return {
        count: () => waiting.length,
        release() {
          state.instead = undefined;
          for (const answer of waiting.splice(0)) answer();
        },
      };
    },
  };
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    state.asked.length = 0;
    state.instead = undefined;
    state.etag = undefined;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  return state;
}
