/** What a terminal would take for commands, spelled as JSON spells it; line ends stay. */
export const printable = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Prints a result on standard output: JSON for machines, else what a person reads. NaN and infinities become null in JSON. */
export function printResult(json: boolean, result: unknown, asText: () => string): void {
  process.stdout.write(`${printable(json ? JSON.stringify(result, undefined, 2) : asText())}\n`);
}

/** A note on standard error, where it does not mix with the result. */
export function note(message: string): void {
  process.stderr.write(`${printable(message)}\n`);
}

/** Columns padded to equal width: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, k) => Math.max(...rows.map((row) => row[k]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Facts without those of which nothing is known. */
export const knownFacts = (facts: readonly (readonly [name: string, value: string | undefined])[]) =>
  facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);

/** `name   value` lines; a value may have several lines. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = knownFacts(facts);
  const width = Math.max(...known.map(([name]) => name.length));
  return known
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`)
    .join('\n');
}

/** Seconds as a person reads them: `0.8 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** A shell command line that means `args`, for the user to copy. */
export function shellCommand(...args: readonly (string | number)[]): string {
  const quote = (arg: string) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`);
  return args.map((arg) => quote(String(arg))).join(' ');
}
