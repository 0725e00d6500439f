// npm run build:node [x64|arm64 ...]: makes dist/node/parleyd-linux-ARCH, one executable each, with Bun's runtime in it.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bun, cache, install, once, output, root, run } from './tools.mjs';

// npm's Bun for x64 needs no AVX, so that one build serves old and virtual machines too (docs/adr/0001-runtime.md)
const RUNTIMES = {
  x64: { target: 'bun-linux-x64', package: '@oven/bun-linux-x64' },
  arm64: { target: 'bun-linux-arm64', package: '@oven/bun-linux-aarch64' },
};

/** The runtime that goes into an executable: npm's package for that machine, of the version of our own Bun, by its hash. */
function runtime(name) {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/bun/package.json'), 'utf8'));
  const folder = join(cache, 'runtimes', `${name.replace('/', '-')}-${version}`);
  const file = join(folder, 'package', 'bin', 'bun');
  if (existsSync(file)) return file;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`];
  const [packed] = JSON.parse(output('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', folder]));
  const archive = join(folder, packed.filename.replace('@', '').replace('/', '-'));
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (lock?.integrity !== integrity)
    throw new Error(`${name}@${version} is not what package-lock.json names: it was not used.`);
  run('tar', ['xzf', archive, '-C', folder]);
  chmodSync(file, 0o755);
  rmSync(archive);
  return file;
}

export function buildNode(arch) {
  const target = join('dist', 'node', `parleyd-linux-${arch}`);
  return once(
    `node-${arch}`,
    ['server-node', 'shared', 'package.json', 'package-lock.json', 'scripts/build-node.mjs'],
    [target],
    () => {
      const { target: name, package: carrier } = RUNTIMES[arch];
      console.log(`Building ${target} …`);
      mkdirSync(join(root, 'dist', 'node'), { recursive: true });
      const part = `${target}.part`;
      const status = run(bun(), [
        'build',
        'server-node/main.ts',
        '--compile',
        '--minify',
        '--bytecode',
        '--format=esm',
        '--sourcemap=none',
        `--target=${name}`,
        `--compile-executable-path=${runtime(carrier)}`,
        // what lies in the folder it is started in is none of its business
        '--no-compile-autoload-dotenv',
        '--no-compile-autoload-bunfig',
        `--outfile=${part}`,
      ]);
      if (status !== 0) throw new Error(`${target} could not be built: see above.`);
      renameSync(join(root, part), join(root, target));
    },
  );
}

if (process.argv[1]?.endsWith('build-node.mjs')) {
  await install();
  const wanted = process.argv.slice(2);
  for (const arch of wanted.length > 0 ? wanted : Object.keys(RUNTIMES)) {
    if (!(arch in RUNTIMES)) throw new Error(`There is no parleyd for '${arch}': x64 and arm64 are the ones.`);
    if (!(await buildNode(arch))) console.log(`dist/node/parleyd-linux-${arch} is up to date.`);
  }
}
