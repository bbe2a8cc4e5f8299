// What should be seen first is read first.

export interface Precedence {
  /** Work that goes before; resolves and rejects as it does. */
  first<T>(work: Promise<T>): Promise<T>;
  /** Resolves when no work goes before. */
  clear(): Promise<void>;
}

export function makePrecedence(): Precedence {
  let underWay = 0;
  let waiting: (() => void)[] = [];
  return {
    async first(work) {
      underWay++;
      try {
        return await work;
      } finally {
        underWay--;
        if (underWay === 0) {
          for (const go of waiting) go();
          waiting = [];
        }
      }
    },
    clear: () => new Promise((go) => (underWay === 0 ? go() : waiting.push(go))),
  };
}
