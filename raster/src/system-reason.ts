const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'permission denied; check who may read or write there',
  EPERM: 'the system does not permit it; check who may read or write there',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space or choose another folder',
  EDQUOT: 'your disk quota is used up; free some space or choose another folder',
  EFBIG: 'the file would be larger than is allowed here; choose another folder',
  EISDIR: 'it is a folder; name a file',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  ELOOP: 'its links lead in a circle; mend them or choose another name',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  EMFILE: 'too many files are open; close some, or raise the limit (ulimit -n)',
  EIO: 'the device failed; try again or choose another folder',
};

/** Why the operating system refused a file operation, and what to do; undefined for any other error, and where it says nothing a user could act on. */
export function systemReason(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? REASONS[code] : undefined;
}
