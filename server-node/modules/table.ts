import { type Declaration, ordered } from './declaration.ts';

/** docs/xeps.md: what the modules, and what is below them, say of themselves. */
export function xepTable(declarations: readonly Declaration[]): string {
  const rows = ordered(declarations).map(
    ({ specification, version = '', name, status = 'complete' }) =>
      `| ${specification} | ${version} | ${status === 'complete' ? name : `${name} (in part)`} |`,
  );
  return [
    '# What parleyd speaks',
    '',
    'Made by `npm run generate` from the modules under server-node/modules, and from below.ts there for what has no module',
    'of its own; a test keeps it equal to them. parleyd.doap at the root of the repository says the same to machines.',
    '',
    '| specification | version | what |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
