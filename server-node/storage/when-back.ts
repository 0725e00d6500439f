import { StorageError } from './stores.ts';

/** how long until it is tried again, milliseconds */
const AGAIN_MS = 1000;

/** Whether what failed may go well by itself later: the database is away, or its disk is full. */
export const mayComeBack = (error: unknown): boolean =>
  error instanceof StorageError && (error.unavailable || error.full);

/**
 * Does something that nothing else would ask for again: what fails because the database is away is tried again when it may be back, as
 * long as it is `wanted`. @throws whatever else goes wrong
 */
export async function whenBack(work: () => Promise<void>, wanted: () => boolean = () => true): Promise<void> {
  while (wanted()) {
    try {
      await work();
      return;
    } catch (error) {
      if (!mayComeBack(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
  }
}
