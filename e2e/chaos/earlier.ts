import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** The parleyd of another commit, built once for each, with its own dependencies: `HEAD~1`, or any other name that git knows. */
export function parleydOf(commit: string): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const cache = join(root, '.cache', 'earlier');
  const file = join(cache, `parleyd-${git('rev-parse', '--short=12', commit)}-${arch}`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'parley-earlier-'));
  try {
    const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 512 * 1024 * 1024 });
    execFileSync('tar', ['x', '-C', folder], { input: archive });
    const built = spawnSync(process.execPath, ['scripts/build-node.mjs', arch], { cwd: folder, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`${commit} could not be built: ${built.stdout}${built.stderr}`);
    copyFileSync(join(folder, 'dist', 'node', `parleyd-linux-${arch}`), `${file}.part`);
    renameSync(`${file}.part`, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return file;
}
