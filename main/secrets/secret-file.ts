import { open, rename } from 'node:fs/promises';

/** Writes a file that only this user can read, whole or not at all. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}
