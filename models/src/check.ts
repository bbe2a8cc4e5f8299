// Small validators of untrusted JSON. Each checks one value and throws, naming the path, through the error given to `createChecks`.

/** Checks `value`, found at `path`; throws when it is wrong. */
export type Check = (value: unknown, path: string) => void;

/** The vocabulary of checks; `fail` makes the error from a path, what was expected and what was found. */
export interface Checks {
  readonly number: Check;
  readonly positive: Check;
  /** A whole number >= 0. */
  readonly count: Check;
  readonly text: Check;
  is(wanted: unknown): Check;
  oneOf(wanted: readonly unknown[]): Check;
  orNull(check: Check): Check;
  /** Absent, or as `check` wants it. */
  optional(check: Check): Check;
  /** A list of at least `least` items, each checked. */
  list(check: Check, least: number): Check;
  /** An object with at least these fields. */
  record(fields: Record<string, Check>): Check;
}

const isFiniteNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Checks that throw what `fail` makes of a path, an expectation and a short picture of what was found. */
export function createChecks(fail: (path: string, expected: string, got: string) => Error): Checks {
  const when =
    (good: (v: unknown) => boolean, expected: string): Check =>
    (v, path) => {
      if (!good(v)) throw fail(path, expected, JSON.stringify(v)?.slice(0, 60) ?? 'nothing');
    };
  return {
    number: when(isFiniteNumber, 'a finite number'),
    positive: when((v) => isFiniteNumber(v) && v > 0, 'a positive number'),
    count: when((v) => isFiniteNumber(v) && Number.isInteger(v) && v >= 0, 'a whole number >= 0'),
    text: when((v) => typeof v === 'string', 'text'),
    is: (wanted) => when((v) => v === wanted, JSON.stringify(wanted)),
    oneOf: (wanted) => when((v) => wanted.includes(v), `one of ${wanted.map((w) => JSON.stringify(w)).join(', ')}`),
    orNull: (check) => (v, path) => {
      if (v !== null) check(v, path);
    },
    optional: (check) => (v, path) => {
      if (v !== undefined) check(v, path);
    },
    list: (check, least) => (v, path) => {
      when((list) => Array.isArray(list) && list.length >= least, `a list of at least ${least}`)(v, path);
      (v as unknown[]).forEach((item, i) => {
        check(item, `${path}[${i}]`);
      });
    },
    record: (fields) => (v, path) => {
      when(isRecord, 'an object')(v, path);
      for (const [key, check] of Object.entries(fields)) check((v as Record<string, unknown>)[key], `${path}.${key}`);
    },
  };
}
