/** Runs `action`, and says how many seconds of processor time it took: what else runs on the machine does not count. */
export async function timed<T>(action: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await action();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}
