import { defineConfig } from 'vite';

/** They permit WebAssembly more than one thread. The server that the built page lies on should send them, too. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './',
  worker: { format: 'es' }, // parts of the worker are loaded when they are needed
  optimizeDeps: { exclude: ['@egunet/infer-web'] }, // the worker lies beside the package's own files
  server: { headers },
  preview: { headers },
});
