// What the scripts share. Plain JavaScript for whatever Node is at hand: it runs before anything is installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, '.cache');

/** Node 24, which npm installs with the dependencies, where there is one for this machine; else the Node that runs us. */
export function node24() {
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  return existsSync(own) ? own : process.execPath;
}

/** The Bun that npm installs for this machine. */
export function bun() {
  for (const name of [`bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`]) {
    const file = join(root, 'node_modules', '@oven', name, 'bin', 'bun');
    if (existsSync(file)) return file;
  }
  throw new Error(`npm has no Bun for ${process.platform} on ${process.arch}: parleyd can't be built here.`);
}

export function run(file, args, options = {}) {
  const done = spawnSync(file, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

export const output = (file, args) => execFileSync(file, args, { cwd: root, encoding: 'utf8' });

/** Every file below the given files and folders, in a fixed order. */
export function filesOf(...places) {
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) found.push(path);
    else
      for (const name of readdirSync(path).sort())
        if (name !== 'node_modules' && name !== 'dist') visit(join(path, name));
  };
  for (const place of places) visit(join(root, place));
  return found;
}

function digest(places) {
  const hash = createHash('sha256');
  for (const file of filesOf(...places))
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Does the work unless it was done for these very inputs and its outputs are still there. Says whether it did. */
export async function once(name, inputs, outputs, work) {
  const mark = join(cache, 'marks', name);
  const want = digest(inputs);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === want && outputs.every((file) => existsSync(join(root, file))))
    return false;
  await work();
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, want);
  return true;
}

/** Installs the dependencies when package-lock.json says so. */
export const install = () =>
  once('install', ['package.json', 'package-lock.json', '.npmrc'], ['node_modules/.package-lock.json'], () => {
    console.log('Installing dependencies …');
    if (
      run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { shell: process.platform === 'win32' }) !== 0
    ) {
      throw new Error('The dependencies could not be installed. Check the network and run: npm ci');
    }
  });
