import { readFileSync, statSync } from 'node:fs';
import { systemdUnit } from '../../shared/domain/systemd-unit.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { EdgeConfig } from '../config/edge-keys.ts';

const DOORS = ['listen.c2s', 'listen.c2s_tls', 'listen.https', 'listen.http'] as const;

/** The systemd unit of an edge: for the account that owns its folder, unless another is named. @throws ParleyError `no-account` */
export function edgeUnit(config: EdgeConfig, folder: string, program: string, user = ownerOf(folder)): string {
  const odd = [folder, program].find((it) => /[\s"'%$\\]/.test(it));
  if (odd !== undefined)
    throw new ParleyError({
      code: 'odd-path',
      what: `systemd would not read ${odd} as it is written.`,
      why: 'In a unit, spaces, quotes, %, $ and \\ in a path mean something else.',
      todo: 'Give it another name.',
    });
  const ports = DOORS.filter((name) => config[name] !== 'off').map((name) => Number(config[name].split(':').at(-1)));
  return systemdUnit({
    comment: `Written by parleyd edge unit, and again when that is asked; put changes of your own into a drop-in.`,
    description: `Parley edge ${config.name}`,
    documentation: `file:${folder}/edge.toml`,
    exec: `${program} edge run --data ${folder}`,
    ...{ user, folder },
    privileged: ports.some((port) => port < 1024),
  });
}

function ownerOf(folder: string): string {
  const { uid } = statSync(folder);
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((it) => it.split(':')[2] === String(uid));
  const name = line?.split(':')[0];
  if (uid !== 0 && name !== undefined) return name;
  throw new ParleyError({
    code: 'no-account',
    what: 'It is not known as whom the edge is to run.',
    why:
      uid === 0
        ? `${folder} belongs to root, and strangers talk to an edge.`
        : `No account here has the number ${uid}.`,
    todo: `Make one (useradd --system parley-edge; chown -R parley-edge: ${folder}), or name one: --user NAME.`,
  });
}
