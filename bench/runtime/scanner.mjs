// What the scanner costs for one chat stanza. Run: node bench/runtime/scanner.mjs, or with bun.
import { Scanner } from '../../server-node/xml/scanner.ts';

const ROUNDS = 10_000;
const PER_PIECE = 20;
const stanza = `<message to='u5@load.test' type='chat' id='m5'><body>T1234 S5 ${'x'.repeat(200)}</body></message>`;
const piece = Buffer.from(stanza.repeat(PER_PIECE), 'latin1');
const limits = { stanzaBytes: 10_000, depth: 10, attributes: 10, elements: 100 };
let bytes = 0;
const handler = { opened() {}, stanza: (_tag, raw) => (bytes += raw.length), closed() {} };
for (let run = 0; run < 3; run++) {
  const scanner = new Scanner(limits, handler);
  scanner.feed("<stream xmlns='x'>");
  const from = performance.now();
  for (let i = 0; i < ROUNDS; i++) scanner.feed(piece.latin1Slice());
  const each = ((performance.now() - from) * 1000) / (ROUNDS * PER_PIECE);
  console.log(`${stanza.length} bytes: ${each.toFixed(2)} us a stanza`);
}
if (bytes !== stanza.length * ROUNDS * PER_PIECE * 3) throw new Error('bytes were lost');
