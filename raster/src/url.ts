// Scenes over HTTP(S), by name.

/** True for what is reached over HTTP(S). */
export const isUrl = (path: string): boolean => /^https?:\/\//i.test(path);

/** A URL, or one in a name of GDAL's (`/vsicurl/https://...`). */
const HOLDS_URL = /^(\/vsi.*)?https?:\/\//is;

/** How a path is shown: a URL without user, password, query and fragment, all of which may hold secrets. */
export const publicPath = (path: string): string =>
  HOLDS_URL.test(path) ? path.replace(/[?#].*$/s, '').replace(/(https?:\/\/)[^/]*@/i, '$1') : path;

/** Whether a path holds what `publicPath` leaves out. */
export const hasSecrets = (path: string): boolean => publicPath(path) !== path;
