import type { Module } from '../router/module.ts';

/** docs/xeps.md: what the modules say of themselves. */
export function xepTable(modules: readonly Module[]): string {
  const rows = [...modules]
    .sort((a, b) => (a.specification < b.specification ? -1 : 1))
    .map(({ specification, version, name }) => `| ${specification} | ${version ?? ''} | ${name} |`);
  return [
    '# What parleyd speaks',
    '',
    'Made by `npm run generate` from the modules under server-node/modules; a test keeps it equal to them. Below the',
    'modules parleyd speaks RFC 6120 (streams, STARTTLS, SASL, binding), RFC 6121 §8 (delivery), RFC 7622 (addresses),',
    'RFC 5802 and RFC 7677 (SCRAM-SHA-1, SCRAM-SHA-256) and XEP-0368 (TLS from the first byte).',
    '',
    '| specification | version | what |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
