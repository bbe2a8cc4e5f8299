import type { BigIntStats } from 'node:fs';
import { extname } from 'node:path';

/** What the page may do: its own scripts and workers, WebAssembly, pictures that it draws, and scenes from any web server. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'", // map libraries place their controls by style attributes
  "img-src 'self' data: blob:",
  "connect-src 'self' https: http:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** With every answer. The first two let the page share memory between threads; the others keep what is served from other pages. */
export const SAFE_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'content-security-policy': POLICY,
  'cache-control': 'no-cache',
} as const;

export const TEXT = 'text/plain; charset=utf-8';
export const HTML = 'text/html; charset=utf-8';
export const JSON_TYPE = 'application/json; charset=utf-8';
const BYTES = 'application/octet-stream';
const SCRIPT = 'text/javascript; charset=utf-8';

const PAGE_TYPES: Readonly<Record<string, string>> = {
  '.html': HTML,
  '.js': SCRIPT,
  '.mjs': SCRIPT,
  '.css': 'text/css; charset=utf-8',
  '.json': JSON_TYPE,
  '.map': JSON_TYPE,
  '.txt': TEXT,
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** The media type of a file of the page. */
export const pageType = (file: string): string => PAGE_TYPES[extname(file).toLowerCase()] ?? BYTES;

/** The media type of a scene or a model: never one that a browser would run, whatever a file calls itself. */
export const fileType = (file: string): string => (/\.tiff?$/i.test(file) ? 'image/tiff' : BYTES);

/** A strong validator: another file, another size or another time of change is another version. */
export const etagOf = ({ ino, size, mtimeNs }: Pick<BigIntStats, 'ino' | 'size' | 'mtimeNs'>): string =>
  `"${[ino, size, mtimeNs].map((value) => value.toString(16)).join('-')}"`;
