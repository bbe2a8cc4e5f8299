import { defineConfig } from 'vite';

/** onnxruntime-web's files lie beside the page, as its server has them: 26 MB are no part of a page. */
const external = [/^onnxruntime-web(\/|$)/];

export default defineConfig({
  base: './',
  logLevel: 'warn',
  build: {
    target: 'es2022',
    emptyOutDir: true,
    license: { fileName: 'LICENCES.md' },
    modulePreload: { polyfill: false },
    rolldownOptions: { external },
  },
  worker: { format: 'es', rolldownOptions: { external } },
});
