// Scenes over HTTP(S), by name.

/** True for what is reached over HTTP(S). */
export const isUrl = (path: string): boolean => /^https?:\/\//i.test(path);

/** How a path is shown: a URL without user, password, query and fragment, all of which may hold secrets. */
export const publicPath = (path: string): string =>
  isUrl(path) ? path.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1') : path;

/** Whether a path holds what `publicPath` leaves out. */
export const hasSecrets = (path: string): boolean => publicPath(path) !== path;
