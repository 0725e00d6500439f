// npm run build:app: makes dist/app, the window: main.cjs, preload.cjs, engine-process.mjs, and renderer/.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { install, once, root } from './tools.mjs';

const out = (name) => join('dist', 'app', name);

async function build() {
  const { build } = await import('esbuild');
  const production = !process.argv.includes('--dev');
  const common = {
    absWorkingDir: root,
    bundle: true,
    logLevel: 'warning',
    sourcemap: 'linked',
    legalComments: 'linked',
    minify: production,
  };
  // The oldest Electron that tests run in is 25: Node 18, Chrome 114.
  const cjs = { ...common, platform: 'node', format: 'cjs', target: 'node18', external: ['electron'], minify: false };
  mkdirSync(join(root, out('renderer')), { recursive: true });
  await Promise.all([
    build({
      ...cjs,
      entryPoints: ['main/main.ts'],
      outfile: out('main.cjs'),
      define: { 'import.meta.dirname': '__dirname' },
    }),
    build({ ...cjs, entryPoints: ['main/preload.ts'], outfile: out('preload.cjs') }),
    build({
      ...common,
      entryPoints: ['main/engine-process.ts'],
      outfile: out('engine-process.mjs'),
      platform: 'node',
      format: 'esm',
      target: 'node22',
      minify: false,
      // native parts, or written for Node alone: found in node_modules here, and beside the packaged app
      packages: 'external',
    }),
    build({
      ...common,
      entryPoints: { app: 'renderer/main.tsx' },
      outdir: out('renderer'),
      platform: 'browser',
      format: 'iife',
      target: 'chrome114',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
    }),
    build({
      ...common,
      entryPoints: { app: 'renderer/components/app.css' },
      outdir: out('renderer'),
      target: 'chrome114',
    }),
  ]);
  copyFileSync(join(root, 'renderer', 'index.html'), join(root, out('renderer'), 'index.html'));
}

export const buildApp = () =>
  once(
    'app',
    ['main', 'renderer', 'shared', 'package.json', 'package-lock.json', 'scripts/build-app.mjs'],
    ['main.cjs', 'preload.cjs', 'engine-process.mjs', 'renderer/index.html', 'renderer/app.js', 'renderer/app.css'].map(
      out,
    ),
    async () => {
      console.log('Building dist/app …');
      await build();
    },
  );

if (process.argv[1]?.endsWith('build-app.mjs')) {
  await install();
  if (!(await buildApp())) console.log('dist/app is up to date.');
}
