import { readFileSync } from 'node:fs';

/** files, database, log, admin connections, and a helper or two */
const RESERVED = 128;

/**
 * How many client connections the process's limit of open files leaves room for. Without a limit of our own the runtime
 * spins when accept() finds no descriptor left (docs/adr/0001-runtime.md).
 */
export function connectionsAllowed(limits: string = readLimits()): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined || soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return Math.max(1, Number(soft) - RESERVED);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
