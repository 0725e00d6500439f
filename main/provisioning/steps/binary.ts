import { type Command, sh } from '../../ssh/shell.ts';
import { binaryFolder, binaryPath, type Codec, type Step, type Work } from '../step.ts';

const UNPACK: Record<Codec, Command> = { zstd: sh`zstd -dcq`, gzip: sh`gzip -dc`, none: sh`cat` };

/** The executable, in a folder named after its version and its hash; domains of one host share it. */
export function binary(work: Work): Step {
  const { release, layout, codec, runId } = work;
  const folder = binaryFolder(work);
  const path = binaryPath(work);
  const part = `${path}.${runId}.part`;
  return {
    id: 'binary',
    title: `Upload parleyd ${release.version}`,
    detail: `One executable, ${Math.round(release.bytes / 1e6)} MB, travels over the SSH connection${codec === 'none' ? '' : ` compressed (${codec})`} and is compared by its SHA-256.`,
    touches: [path],
    undoes: `Remove ${folder}, unless another domain runs from it.`,
    after: [],
    check: sh`[ -x ${path} ] && [ "$(sha256sum < ${path} | cut -c1-64)" = ${release.sha256} ]`,
    // Whatever cuts the upload short, no file but *.part is left, and the next upload clears that away first.
    apply: [
      {
        kind: 'upload',
        command: sh`mkdir -p ${folder} && rm -f ${folder}/*.part || exit 1
if ${UNPACK[codec]} > ${part} && [ "$(sha256sum < ${part} | cut -c1-64)" = ${release.sha256} ]
then chmod 0755 ${part} && sync ${part} && mv -f ${part} ${path}
else [ ! -s ${part} ] || echo 'what arrived is not what was sent, or not all of it' >&2
rm -f ${part}; rmdir --ignore-fail-on-non-empty ${folder}; exit 1; fi`,
      },
    ],
    undo: sh`${layout.manager === 'systemd' ? unlessUsed(path, layout.unitFile) : sh`:`}
rm -rf ${folder}`,
  };
}

/** Ends the script when the unit of another domain runs the same file. */
const unlessUsed = (path: string, own: string): Command =>
  sh`others=$(grep -lF ${path} /etc/systemd/system/parleyd-*.service 2>/dev/null | grep -vxF ${own})
[ -z "$others" ] || exit 0`;
