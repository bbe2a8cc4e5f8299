const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  EACCES: 'permission denied; check who may read or write there',
  EROFS: 'the file system is read-only; choose another folder',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB; give the .onnx file of a model',
};

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0]!;
}

/** Why a file operation failed, and what to do. */
export function reasonOf(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? firstLine(error);
}
