import { sh } from '../../ssh/shell.ts';
import type { Step, Work } from '../step.ts';

/** The domain's folder, which holds everything of it: configuration, certificate, people, messages. */
export function folders({ layout, domain }: Work): Step {
  const { data, user, versions, state } = layout;
  const owned = user === null ? [] : ['-o', user, '-g', user];
  const owner = user === null ? sh`"$(id -un)"` : sh`${user}`;
  return {
    id: 'folders',
    title: 'Make the folders',
    detail: `${data} will hold all of ${domain}: configuration, certificate, people and messages. Only parleyd can read it.`,
    touches: [versions, state, data],
    undoes: `Remove ${data} with what is in it, and the folders above it when they are empty.`,
    after: [],
    check: sh`[ -d ${data} ] && [ "$(stat -c %U ${data})" = ${owner} ]`,
    // A folder that was there before is never taken over: rmdir refuses one with something in it.
    apply: [
      {
        kind: 'run',
        command: sh`mkdir -p ${versions} ${state} && { [ ! -e ${data} ] || rmdir ${data}; } && install -d -m 0700 ${owned} ${data}`,
      },
    ],
    undo: sh`rm -rf ${data}
if [ -d ${versions} ]; then rmdir --ignore-fail-on-non-empty ${versions}; fi`,
  };
}
