import { escapeText } from '../xml/entities.ts';
import { type Declaration, FIRST, ordered } from './declaration.ts';

const XEPS = 'https://xmpp.org/extensions';

/** The RFCs that xmpp.org shows itself, where readers of DOAP files look for them. */
const OF_XMPP: readonly string[] = ['3921', '6120', '6121', '7395', '7590', '7622', '7712'];

function rfcUri(specification: string): string {
  const number = specification.slice('RFC '.length);
  return OF_XMPP.includes(number)
    ? `https://xmpp.org/rfcs/rfc${number}.html`
    : `https://www.rfc-editor.org/info/rfc${number}`;
}

function supportedXep({
  specification,
  version = '',
  name,
  status = 'complete',
  since = FIRST,
}: Declaration): string[] {
  return [
    '    <implements>',
    '      <xmpp:SupportedXep>',
    `        <xmpp:xep rdf:resource="${XEPS}/${specification.toLowerCase()}.html"/>`,
    `        <xmpp:version>${version}</xmpp:version>`,
    `        <xmpp:status>${status}</xmpp:status>`,
    `        <xmpp:since>${since}</xmpp:since>`,
    `        <xmpp:note xml:lang="en">${escapeText(name)}</xmpp:note>`,
    '      </xmpp:SupportedXep>',
    '    </implements>',
  ];
}

/** parleyd.doap: the description of a project (DOAP) as XEP-0453 asks for it. */
export function doap(declarations: readonly Declaration[]): string {
  const all = ordered(declarations);
  const rfcs = new Set(all.map((one) => one.specification).filter((name) => name.startsWith('RFC')));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!-- made by `npm run generate` from server-node/modules; a test keeps it equal to them -->',
    '<rdf:RDF xmlns="http://usefulinc.com/ns/doap#"',
    '         xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
    '         xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">',
    '  <Project>',
    '    <name>parleyd</name>',
    '    <shortdesc xml:lang="en">XMPP server in one executable</shortdesc>',
    '    <description xml:lang="en">The server of Parley: XMPP for managed-service providers, one domain a node, provisioned and watched over SSH.</description>',
    '    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>',
    '    <programming-language>TypeScript</programming-language>',
    '    <os>Linux</os>',
    '    <license rdf:resource="https://spdx.org/licenses/Apache-2.0"/>',
    ...[...rfcs].map((name) => `    <implements rdf:resource="${rfcUri(name)}"/>`),
    ...all.filter((one) => one.specification.startsWith('XEP')).flatMap(supportedXep),
    '  </Project>',
    '</rdf:RDF>',
    '',
  ].join('\n');
}
