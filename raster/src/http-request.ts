// One range of bytes of a resource, asked for until it is there or there is no hope.
import { RasterError } from './error.js';
import { refuse } from './refuse.js';
import { publicPath } from './url.js';

/** How patiently a server is asked. */
export interface HttpOptions {
  /** How often a request is repeated after a failure that may pass; 6 when absent. */
  readonly retries?: number;
  /** Seconds that a request may take until all of its answer is there; 60 when absent. */
  readonly timeout?: number;
  /** Seconds before the first repetition, about; twice as many before each further one, up to 30. 0.5 when absent. */
  readonly pause?: number;
  /** Stops waiting; requests reject with its reason. */
  readonly signal?: AbortSignal;
  /** Whether the platform may keep answers, as of `fetch`; 'default' when absent. */
  readonly cache?: 'default' | 'no-store';
  /** True in a page of another origin: answers may then lack headers, and messages say what a server must allow. */
  readonly crossOrigin?: boolean;
}

/** A URL, taken apart: credentials never reach a message. */
export interface HttpTarget {
  /** Without user and password. */
  readonly url: string;
  /** What messages call it: without credentials and query. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes `from` to before `to`; the first request of a resource takes what is there, and gives up at once where no server answers. */
export interface HttpRange {
  readonly from: number;
  readonly to: number;
  readonly opening?: boolean;
  /** Bytes of the whole resource, where they are known. */
  readonly size?: number;
}

/** What tells one version of a resource from another. */
export interface HttpVersion {
  /** Bytes of the whole resource. */
  readonly size: number;
  readonly etag: string | null;
  readonly modified: string | null;
}

export interface HttpPart extends HttpVersion {
  readonly bytes: Uint8Array;
}

/** Takes a URL apart. Throws RasterError where it is none. */
export function httpTarget(url: string): HttpTarget {
  const name = publicPath(url);
  if (!URL.canParse(url)) refuse(name, 'is not a URL; write https://host/path');
  const parsed = new URL(url);
  const login = [parsed.username, parsed.password].map(decodeURIComponent).join(':');
  parsed.username = '';
  parsed.password = '';
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(login)));
  return { url: parsed.href, name, headers: login === ':' ? {} : { authorization: `Basic ${encoded}` } };
}

const GET_A_COPY = 'download the file and name the copy';

/** What else may be wrong. */
const advice = ({ crossOrigin }: HttpOptions): string =>
  crossOrigin
    ? '; a server of another origin must let pages read it (CORS: Access-Control-Allow-Origin, and Access-Control-Expose-Headers: Content-Range, ETag)'
    : '';

/** Answers that will not change by asking again. */
const FINAL: Readonly<Record<number, string>> = {
  200: `the server ignores byte ranges (answered 200 with the whole file, expected 206); ${GET_A_COPY}, or serve it from where ranges are answered`,
  401: `the server wants a login (401); write https://user:password@host/path, or ${GET_A_COPY}`,
  403: `the server denies access (403); check the URL and whether a signed link has expired, or ${GET_A_COPY}`,
  404: 'there is no such file on the server (404); check the URL',
  407: 'a proxy wants a login (407); see its settings',
  410: 'the file is gone from the server (410); check the URL',
  416: 'the file ends before the bytes that were asked for (416); it was replaced or cut off, try again from the start',
};

/** Answers, besides those from 500 on, that may change by asking again. */
const PASSING: readonly number[] = [408, 425, 429];

/** The status for which a request was given up; undefined for other errors. */
export const httpStatus = (error: unknown): number | undefined => {
  const { cause } = (error ?? {}) as { cause?: { status?: number } };
  return error instanceof RasterError ? cause?.status : undefined;
};

/** Longer than this, in seconds, is not waited because a server asks for it. */
const LONGEST_WAIT = 300;
const LONGEST_PAUSE = 30;

/** A request that failed and may be repeated: why, and after how many seconds at least. */
interface Failure {
  readonly why: string;
  readonly wait?: number;
  /** The failure of a name or a port that is not there: a wrong URL, unless it has answered before. */
  readonly unreachable?: boolean;
}

/** Seconds that a server asks to wait (RFC 9110, 10.2.3): a number, or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Reads a body of exactly `length` bytes; undefined where it is shorter. */
async function readBody(response: Response, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let got = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) return got === length ? bytes : undefined;
    if (got + value.length > length) {
      await reader?.cancel();
      return undefined;
    }
    bytes.set(value, got);
    got += value.length;
  }
}

/** A request while it is made. */
interface Asking {
  readonly target: HttpTarget;
  readonly range: HttpRange;
  readonly options: HttpOptions;
  /** All that `fetch` is told but the method and the range. */
  readonly init: { readonly cache: 'default' | 'no-store'; readonly signal: AbortSignal };
}

/** Which bytes of how many a 206 holds; NaN where it does not say. */
async function rangeOf(
  { headers }: Response,
  { target, range, options, init }: Asking,
): Promise<readonly [from: number, to: number, size: number]> {
  const header = headers.get('content-range');
  if (header !== null || !options.crossOrigin) {
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(header ?? '') ?? [];
    return [Number(first), Number(last) + 1, Number(total)];
  }
  // Few servers let pages of other origins see Content-Range; all of them see lengths.
  const lengthIn = (from: Headers) => Number(from.get('content-length') ?? Number.NaN);
  const ask = () => fetch(target.url, { ...init, method: 'HEAD', headers: target.headers });
  const whole = async () => ask().then((answer) => (answer.status === 200 ? lengthIn(answer.headers) : Number.NaN));
  return [range.from, range.from + lengthIn(headers), range.size ?? (await whole())];
}

/** The part that a 206 answers with. Throws RasterError where it is another than was asked for. */
async function readPart(response: Response, asking: Asking): Promise<HttpPart | Failure> {
  const { target, range, options } = asking;
  const [from, to, size] = await rangeOf(response, asking);
  const fits = from === range.from && to > from && (range.opening ? to <= range.to : to === range.to);
  if (!fits || !(to <= size)) {
    await response.body?.cancel();
    const header = response.headers.get('content-range');
    const got = header === null ? 'no Content-Range' : `Content-Range '${header}'`;
    refuse(
      target.name,
      `asked for bytes ${range.from}-${range.to - 1} of a known length, the server answered with ${got}; ${GET_A_COPY}${advice(options)}`,
    );
  }
  const bytes = await readBody(response, to - from);
  if (!bytes) return { why: 'the answer was cut short' };
  return { bytes, size, etag: response.headers.get('etag'), modified: response.headers.get('last-modified') };
}

async function judge(response: Response, asking: Asking): Promise<HttpPart | Failure> {
  const { status, headers } = response;
  if (status === 206) return readPart(response, asking);
  const { range, target } = asking;
  const { name } = target;
  await response.body?.cancel();
  if (status === 416 && range.opening && /\/0$/.test(headers.get('content-range') ?? ''))
    refuse(name, 'is empty (0 bytes); check the URL');
  const cause = Object.assign(new Error(`HTTP ${status}`), { status });
  if (status < 500 && !PASSING.includes(status))
    refuse(
      name,
      FINAL[status] ?? `the server answered ${status}, expected 206; check the URL, or ${GET_A_COPY}`,
      cause,
    );
  const wait = retryAfter(headers.get('retry-after'));
  if (wait !== undefined && wait > LONGEST_WAIT)
    refuse(name, `the server is busy (${status}) and asks to wait ${Math.round(wait)} s; try again then`, cause);
  return { why: `the server answered ${status}`, ...(wait !== undefined && { wait }) };
}

/** Why there was no answer: what lies deepest, as fetch itself only says that it failed. */
function failureOf(error: unknown): Failure {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const why = cause?.message || cause?.code || (error instanceof Error ? error.message : String(error));
  const passing = /^(ECONNRESET|ETIMEDOUT|EAI_AGAIN|EPIPE|UND_ERR_)/.test(cause?.code ?? '');
  return { why: `the connection failed (${why})`, unreachable: !passing };
}

async function attempt(target: HttpTarget, range: HttpRange, options: HttpOptions): Promise<HttpPart | Failure> {
  const { timeout = 60, signal, cache = 'default' } = options;
  const ended = new AbortController();
  const stop = () => ended.abort(signal?.reason);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    ended.abort();
  }, timeout * 1000);
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    const headers = { ...target.headers, range: `bytes=${range.from}-${range.to - 1}` };
    const init = { cache, signal: ended.signal };
    const response = await fetch(target.url, { ...init, headers });
    return await judge(response, { target, range, options, init });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RasterError) throw error;
    return late ? { why: `no whole answer within ${timeout} s` } : failureOf(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

const sleep = (seconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });

/**
 * Gets a range. Failures that may pass (no connection, no answer in time, an answer cut short, 408, 425, 429, 5xx) are met by asking again, after
 * pauses that grow and vary, so that many readers do not come back at once. Rejects with RasterError where the server refuses or no repetition helps.
 */
export async function fetchRange(target: HttpTarget, range: HttpRange, options: HttpOptions): Promise<HttpPart> {
  const { retries = 6, pause = 0.5, signal } = options;
  for (let tried = 1; ; tried++) {
    const outcome = await attempt(target, range, options);
    if ('bytes' in outcome) return outcome;
    const { why, wait = 0, unreachable = false } = outcome;
    if (range.opening && unreachable) refuse(target.name, `${why}; check the URL and the network${advice(options)}`);
    if (tried > retries)
      refuse(
        target.name,
        `${why}, ${tried} ${tried === 1 ? 'time' : 'times in a row'}; try again later, or ${GET_A_COPY}`,
      );
    const longest = Math.min(LONGEST_PAUSE, pause * 2 ** (tried - 1));
    await sleep(Math.max(wait, longest * (0.5 + Math.random() / 2)), signal);
  }
}
