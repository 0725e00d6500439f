import { readFileSync } from 'node:fs';
import { connectionsAllowed } from '../transport/descriptors.ts';

/** What the machine lets a node carry, as /proc has it; undefined where it can't be read. */
export interface Machine {
  /** /proc/PID/limits of the running node */
  readonly limits: string | undefined;
  /** /proc/sys/net/core/somaxconn */
  readonly backlog: string | undefined;
  /** /proc/meminfo */
  readonly memory: string | undefined;
}

/** a node that can hold fewer is one that somebody has started without its unit */
const FEWEST_CONNECTIONS = 1000;
/** what the runtime asks for, whatever it is told (docs/capacity.md) */
const BACKLOG = 512;
/** a node with nobody logged in has about 60 MB; less than this left, and the next hundred logins may end it */
const LEAST_MEMORY_MIB = 64;
/** of a TLS session that is idle: measured, and rounded up (docs/performance.md) */
const SESSION_KIB = 64;

export interface Capacity {
  readonly ok: boolean;
  readonly detail: string;
}

/** Whether a machine is set up for what the node may be asked to carry (docs/capacity.md). */
export function capacity({ limits, backlog, memory }: Machine): Capacity {
  const wrong: string[] = [];
  const said: string[] = [];
  if (limits !== undefined) {
    const room = connectionsAllowed(limits);
    if (room !== Number.MAX_SAFE_INTEGER) said.push(`room for ${room} connections`);
    if (room < FEWEST_CONNECTIONS) wrong.push('its limit of open files is low: set LimitNOFILE= in its unit');
  }
  const waiting = Number(backlog?.trim() || Number.NaN);
  if (waiting < BACKLOG)
    wrong.push(`only ${waiting} connections may wait to be accepted: sysctl net.core.somaxconn=${BACKLOG}`);
  const free = Number(/^MemAvailable:\s+(\d+) kB/m.exec(memory ?? '')?.[1] ?? Number.NaN) / 1024;
  if (Number.isFinite(free)) {
    said.push(`${Math.floor(free)} MiB of memory free, about ${Math.floor((free * 1024) / SESSION_KIB)} idle sessions`);
    if (free < LEAST_MEMORY_MIB) wrong.push(`less than ${LEAST_MEMORY_MIB} MiB of memory is left`);
  }
  const detail = [...wrong, ...said].join('; ');
  return { ok: wrong.length === 0, detail: detail === '' ? 'nothing is known of this machine' : detail };
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** `pid`: of the running node; a shell's own limits say nothing about it */
export const machineOf = (pid: number | undefined): Machine => ({
  limits: pid === undefined ? undefined : read(`/proc/${pid}/limits`),
  backlog: read('/proc/sys/net/core/somaxconn'),
  memory: read('/proc/meminfo'),
});
