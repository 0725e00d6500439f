import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { ParleyError } from '../../shared/errors.ts';
import type { Codec, Release } from './step.ts';

/** The parleyd executables that this Parley carries. */
export interface Releases {
  readonly version: string;
  architectures(): string[];
  /** @throws ParleyError `no-release` */
  find(architecture: string): Promise<Release>;
  /** bytes that would travel; a guess from experience while the executable has not been compressed yet */
  packedBytes(release: Release, codec: Codec): Promise<number>;
  /** begins to compress it, so that a run that follows the plan finds it done */
  prepare(release: Release, codec: Codec): void;
  /** the executable as it travels, with its exact length in bytes */
  open(release: Release, codec: Codec): Promise<{ stream: Readable; bytes: number }>;
}

const ARCHITECTURES = ['x64', 'arm64'];
const KEPT_MS = 30 * 86_400_000;
const RATIO: Record<Codec, number> = { zstd: 0.46, gzip: 0.48, none: 1 };

/**
 * @param folder holds parleyd-linux-x64 and parleyd-linux-arm64
 * @param cache where compressed copies are kept, so that a second upload starts at once
 */
export function createReleases(folder: string, cache: string, version: string): Releases {
  const pathOf = (architecture: string) => join(folder, `parleyd-linux-${architecture}`);
  const known = new Map<string, { release: Release; path: string; mtime: number }>();
  const packing = new Map<string, Promise<string>>();

  const source = (release: Release): string => {
    const found = [...known.values()].find((it) => it.release.sha256 === release.sha256);
    if (found === undefined) throw noRelease(release.version, folder);
    return found.path;
  };
  const packedPath = (release: Release, codec: Codec) => join(cache, `${release.sha256}.${codec}`);

  async function pack(release: Release, codec: Codec): Promise<string> {
    if (codec === 'none') return source(release);
    const target = packedPath(release, codec);
    if (existsSync(target)) return target;
    await mkdir(cache, { recursive: true, mode: 0o700 });
    await dropOld(cache);
    const part = `${target}.${process.pid}.part`;
    await pipeline(
      createReadStream(source(release), { highWaterMark: 1 << 20 }),
      compressor(codec),
      createWriteStream(part),
    );
    await rename(part, target);
    return target;
  }

  function packed(release: Release, codec: Codec): Promise<string> {
    const key = `${release.sha256}.${codec}`;
    const found = packing.get(key) ?? pack(release, codec).finally(() => packing.delete(key));
    packing.set(key, found);
    return found;
  }

  return {
    version,
    architectures: () => ARCHITECTURES.filter((it) => existsSync(pathOf(it))),
    async find(architecture) {
      const path = pathOf(architecture);
      const { size, mtimeMs } = await stat(path).catch(() => {
        throw noRelease(architecture, folder);
      });
      const before = known.get(architecture);
      if (before?.mtime === mtimeMs) return before.release;
      const hash = createHash('sha256');
      await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
      const release = { version, sha256: hash.digest('hex'), bytes: size };
      known.set(architecture, { release, path, mtime: mtimeMs });
      return release;
    },
    async packedBytes(release, codec) {
      if (codec === 'none') return release.bytes;
      const file = await stat(packedPath(release, codec)).catch(() => undefined);
      return file?.size ?? Math.round(release.bytes * RATIO[codec]);
    },
    // What goes wrong is told by the run that needs it.
    prepare: (release, codec) => void packed(release, codec).catch(() => undefined),
    async open(release, codec) {
      const path = await packed(release, codec);
      return { stream: createReadStream(path, { highWaterMark: 256 << 10 }), bytes: (await stat(path)).size };
    },
  };
}

/** Copies of releases that are long past, and what an ended process left of one. */
async function dropOld(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { force: true });
  }
}

// Levels where a second of this computer saves more than a second of an ordinary line.
const compressor = (codec: 'zstd' | 'gzip') =>
  codec === 'gzip'
    ? createGzip({ level: 6, chunkSize: 1 << 20 })
    : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 }, chunkSize: 1 << 20 });

const noRelease = (which: string, folder: string) =>
  new ParleyError({
    code: 'no-release',
    what: `This copy of Parley carries no parleyd for ${which}.`,
    why: `It was looked for in ${folder}.`,
    todo: 'Build it with npm run build:node, or install a complete Parley.',
  });
