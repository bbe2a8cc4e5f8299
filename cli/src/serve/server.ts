// A web server for one person: it serves what was named, and the page that shows it, to this machine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { CommandError } from '../support/errors.js';
import { SAFE_HEADERS, TEXT } from './headers.js';
import { nameModel, nameScene } from './scenes.js';
import { sendFile } from './send-file.js';
import { type Listing, listThings, plainPage, type Served, servedFolder, servedThings } from './served.js';

/** Where the server is, unless told otherwise. */
export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8321;

/** Ports that are tried, from the default one on, where none is asked for. */
const PORTS = 100;

/** A connection on which nothing moves for so long, ms, is closed: its client may be gone. */
const IDLE = 120_000;

export interface ServeOptions {
  /** Paths of scene files and product folders. */
  readonly scenes?: readonly string[];
  /** Paths of model files. */
  readonly models?: readonly string[];
  /** The page's folder of static files with its `index.html`; without one `/` is a plain list. */
  readonly page?: string | undefined;
  /** The folder of onnxruntime-web whose modules and WebAssembly are served below `/onnxruntime/`; nothing is there without one. */
  readonly runtime?: string | undefined;
  readonly host?: string | undefined;
  /** 0: any that is free. When absent 8321, or the next one that is free. */
  readonly port?: number | undefined;
  /** Told of every answered request, in one line. */
  readonly onRequest?: ((line: string) => void) | undefined;
}

/** A server that runs until it is closed. */
export interface Viewer {
  /** Of the page: `http://127.0.0.1:8321/`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly listing: Listing;
  /** Ends it at once; connections that are open are closed. */
  close(): Promise<void>;
}

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

/** Whether a Host header names this machine. A page of another site whose name was made to lead here names that site. */
const namesLoopback = (header: string | undefined): boolean => {
  const [, host = ''] = /^(\[::1\]|[\w.-]+)(?::\d+)?$/.exec(header ?? '') ?? [];
  return isLoopback(host.replace(/[[\]]/g, ''));
};

/** The path that a request asks for, without its query; undefined where it is none in plain spelling. */
function pathOf({ url = '' }: IncomingMessage): string | undefined {
  const [path = ''] = url.split('?', 1);
  if (/%(2f|00)/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function sendText(response: ServerResponse, status: number, { text, type }: { text: string; type: string }): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

const refuse = (response: ServerResponse, status: number, why: string): void =>
  sendText(response, status, { text: `${why}\n`, type: TEXT });

/** What a server answers from. */
interface Site {
  readonly served: ReadonlyMap<string, Served>;
  /** Whether only requests that name this machine are answered. */
  readonly local: boolean;
}

async function answer(request: IncomingMessage, response: ServerResponse, { served, local }: Site): Promise<void> {
  if (local && !namesLoopback(request.headers.host))
    return refuse(response, 403, 'this server answers to 127.0.0.1 and localhost only');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    response.setHeader('connection', 'close'); // a body that came with it is not read
    return refuse(response, 405, 'this server answers GET and HEAD only');
  }
  const found = served.get(pathOf(request) ?? '');
  if (found && 'text' in found) return sendText(response, 200, found);
  if (found && (await sendFile(request, response, found))) return;
  refuse(response, 404, 'nothing of this name is served');
}

/** Answers a request, whatever becomes of the file or the client. */
async function serve(request: IncomingMessage, response: ServerResponse, site: Site): Promise<void> {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  try {
    await answer(request, response, site);
  } catch {
    // Messages of the system name paths: none is sent.
    if (response.headersSent) response.destroy();
    else refuse(response, 500, 'this file cannot be read now');
  }
}

const requestLine = ({ method, url = '', headers }: IncomingMessage, status: string | number, ms: number): string =>
  `${method} ${url.split('?', 1)[0]} ${headers.range ?? ''} ${status} ${ms.toFixed(0)} ms`.replace(/ +/g, ' ');

function makeServer(site: Site, onRequest: ServeOptions['onRequest']): Server {
  const server = createServer((request, response) => {
    const start = performance.now();
    response.on('close', () => {
      const status = response.writableFinished ? response.statusCode : 'broken off';
      onRequest?.(requestLine(request, status, performance.now() - start));
    });
    void serve(request, response, site);
  });
  server.timeout = IDLE;
  return server;
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; choose another one, or name none to take one that is free',
  EACCES: 'the system does not permit it; choose a port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; name one of its own',
  ENOTFOUND: 'there is no such host; name an address of this machine',
  EAI_AGAIN: 'there is no such host; name an address of this machine',
};

/** Begins to listen. Rejects with the system's error. */
const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });

async function listenSomewhere(server: Server, host: string, port: number | undefined): Promise<void> {
  for (let at = port ?? DEFAULT_PORT; ; at++)
    try {
      return await listen(server, host, at);
    } catch (cause) {
      const { code = '', message } = cause as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && port === undefined && at < DEFAULT_PORT + PORTS) continue;
      const why = LISTEN_REASONS[code] ?? message;
      throw new CommandError(`cannot listen on ${host}, port ${at}: ${why}`, { cause });
    }
}

/** The address to type: that of a server which listens on all of them is this machine's. */
function urlOf(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

/** One after the other: scenes and models may be many and large. */
async function inTurn<T>(paths: readonly string[], name: (path: string) => Promise<T>): Promise<T[]> {
  const named: T[] = [];
  for (const path of paths) named.push(await name(path));
  return named;
}

async function gather(options: ServeOptions): Promise<{ served: Map<string, Served>; listing: Listing }> {
  const { scenes = [], models = [], page, runtime } = options;
  const named = { scenes: await inTurn(scenes, nameScene), models: await inTurn(models, nameModel) };
  const listing = listThings(named);
  const pages = page === undefined ? new Map<string, Served>() : await servedFolder(page, '/');
  const modules = runtime && (await servedFolder(runtime, '/onnxruntime/', (file) => /\.(mjs|wasm)$/.test(file)));
  const served = new Map([...pages, ...(modules || []), ...servedThings(named, listing)]);
  return { served: served.set('/', pages.get('/index.html') ?? plainPage(listing)), listing };
}

/**
 * Opens what is named, to be sure that it can be read, and serves it, and nothing else, until it is closed. Rejects with RasterError or CommandError where
 * a scene or model does not open, with CommandError where the server cannot listen.
 */
export async function startViewer(options: ServeOptions): Promise<Viewer> {
  const { host = DEFAULT_HOST, port, onRequest } = options;
  const { served, listing } = await gather(options);
  const server = makeServer({ served, local: isLoopback(host) }, onRequest);
  await listenSomewhere(server, host, port);
  const at = (server.address() as AddressInfo).port;
  return {
    url: urlOf(host, at),
    host,
    port: at,
    listing,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
