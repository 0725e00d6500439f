import { sh } from '../../ssh/shell.ts';
import type { Step, Work } from '../step.ts';

/** An account for parleyd alone: no password, no shell, no rights but to its own folder. */
export function systemUser({ layout, domain }: Work): Step {
  const user = layout.user ?? '';
  return {
    id: 'system-user',
    title: 'Make the system user',
    detail: `parleyd for ${domain} runs as ${user}, an account without password and without shell.`,
    touches: [`user and group ${user}`],
    undoes: `Remove user ${user}.`,
    after: [],
    check: sh`[ "$(getent passwd ${user} | cut -d: -f6)" = ${layout.data} ]`,
    apply: [
      {
        kind: 'run',
        command: sh`useradd --system --user-group --no-create-home --home-dir ${layout.data} --shell /usr/sbin/nologin --comment ${`Parley ${domain}`} ${user}`,
      },
    ],
    // A group is left behind where the distribution does not pair it with its user.
    undo: sh`if getent passwd ${user} >/dev/null; then userdel ${user} || exit 1; fi
if getent group ${user} >/dev/null; then groupdel ${user}; fi`,
  };
}
