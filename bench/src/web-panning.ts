// How the viewer bears being moved: what its page's own thread does while a hand drags the map and turns the wheel.
import type { Stage } from './web-setup.js';

export interface Panning {
  /** From opening the page to abundances of all that is in view, s. */
  readonly whole: number;
  /** Tasks of 50 ms or more while it is moved, drawing included. */
  readonly longTasks: number;
  /** The longest that JavaScript ran without a break, ms. */
  readonly script: number;
}

/** Microseconds between two looks at what runs. */
const LOOK_EVERY = 500;
/** What the profiler calls time in which no JavaScript runs. */
const NO_SCRIPT = /^\((program|idle|root)\)$/;

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples?: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas?: readonly number[];
}

/** The longest time that JavaScript ran without a break, ms. */
function longestScript({ nodes, samples = [], timeDeltas = [] }: Profile): number {
  const quiet = new Set(nodes.filter(({ callFrame }) => NO_SCRIPT.test(callFrame.functionName)).map(({ id }) => id));
  let longest = 0;
  let running = 0;
  for (const [i, id] of samples.entries()) {
    running = quiet.has(id) ? 0 : running + timeDeltas[i]!;
    longest = Math.max(longest, running);
  }
  return longest / 1000;
}

/** Opens the viewer on WebAssembly, waits for the abundances, drags the map to and fro, and zooms in and out. */
export async function panViewer({ browser, viewer }: Stage): Promise<Panning> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(`${viewer}?device=wasm`);
  await page.locator('#progress', { hasText: /^\d+ tiles? done/ }).waitFor();
  const whole = (await page.evaluate(() => performance.now())) / 1000;
  await page.evaluate(() => {
    const seen = { longTasks: 0 };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      seen.longTasks += list.getEntries().length;
    }).observe({ type: 'longtask' });
  });
  const profiler = await page.context().newCDPSession(page);
  await profiler.send('Profiler.enable');
  await profiler.send('Profiler.setSamplingInterval', { interval: LOOK_EVERY });
  await profiler.send('Profiler.start');
  const [x, y] = [700, 400];
  for (let i = 0; i < 6; i++) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + (i % 2 ? 120 : -120), y + 60, { steps: 20 });
    await page.mouse.up();
    await page.mouse.wheel(0, i % 2 ? 300 : -300);
    await page.waitForTimeout(500);
  }
  const { profile } = await profiler.send('Profiler.stop');
  const longTasks = await page.evaluate(() => (window as unknown as { seen: { longTasks: number } }).seen.longTasks);
  await page.close();
  return { whole, longTasks, script: longestScript(profile) };
}
