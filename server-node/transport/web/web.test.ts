import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Edge } from '../../edge/edge.ts';
import { Log } from '../../observe/log.ts';
import { ScramClient } from '../../sasl/scram-client.ts';
import { messageFraming, standingAlone } from '../../stream/framing.ts';
import { FakeTransport, House, LIMITS, secured } from '../../stream/talk.fixture.ts';
import { encode } from '../../xml/chars.ts';
import { readBody } from './body.ts';
import { Bosh } from './bosh.ts';
import { acceptOf, FrameReader, frame } from './frames.ts';
import { hostMeta, hostMetaJson, waysIn } from './host-meta.ts';

/** A client's frame: masked. */
function masked(payload: string, opcode = 1, { final = true, mask = [1, 2, 3, 4], reserved = 0 } = {}): Buffer {
  const data = Buffer.from(payload, 'latin1');
  const length = data.length < 126 ? [data.length] : [126, data.length >> 8, data.length & 255];
  const head = [(final ? 0x80 : 0) | reserved | opcode, 0x80 | (length[0] ?? 0), ...length.slice(1), ...mask];
  return Buffer.concat([Buffer.from(head), data.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
}

/** What a reader tells of some bytes, however they are cut. */
function reads(data: Buffer, cut = data.length, most = 1000): string[] {
  const told: string[] = [];
  const reader = new FrameReader(most, {
    message: (bytes) => void told.push(`message ${bytes}`),
    pong: (bytes) => void told.push(`pong ${Buffer.from(bytes, 'latin1').toString('hex')}`),
    closed: (code) => void told.push(`closed ${code}`),
  });
  for (let i = 0; i < data.length; i += cut) reader.feed(data.subarray(i, i + cut));
  return told;
}

test('the accept of RFC 6455 §1.3', () =>
  assert.equal(acceptOf('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='));

test('frames of a client, whole and byte by byte', () => {
  const data = Buffer.concat([
    masked('<a/>'),
    masked('<b', 1, { final: false }),
    masked('x', 9),
    masked('>', 0, { final: false }),
    masked('</b>', 0),
    masked(`<c>${'y'.repeat(300)}</c>`),
    masked('z', 10),
    masked('\x03\xe8', 8),
    masked('<late/>'),
  ]);
  const told = ['message <a/>', 'pong 8a0178', 'message <b></b>', `message <c>${'y'.repeat(300)}</c>`, 'closed 1000'];
  assert.deepEqual(reads(data), told);
  assert.deepEqual(reads(data, 1), told);
});

test('frames against the rules close with their code', () => {
  const unmasked = Buffer.from([0x81, 1, 0x61]);
  for (const [what, data, code] of [
    ['not masked', unmasked, 1002],
    ['a reserved bit', masked('x', 1, { reserved: 0x40 }), 1002],
    ['binary', masked('x', 2), 1003],
    ['an unknown kind', masked('x', 5), 1002],
    ['a fragment of nothing', masked('x', 0), 1002],
    ['a message within another', Buffer.concat([masked('x', 1, { final: false }), masked('y')]), 1002],
    ['a ping in pieces', masked('x', 9, { final: false }), 1002],
    ['a ping that is too long', masked('x'.repeat(126), 9), 1002],
    ['too big', masked('x'.repeat(1001)), 1009],
    [
      'too big in pieces',
      Buffer.concat([masked('x'.repeat(600), 1, { final: false }), masked('x'.repeat(600), 0)]),
      1009,
    ],
    [
      'more pieces than anybody needs',
      Buffer.concat([
        masked('', 1, { final: false }),
        ...Array.from({ length: 1001 }, () => masked('', 0, { final: false })),
      ]),
      1002,
    ],
  ] as const)
    assert.deepEqual(reads(data), [`closed ${code}`], what);
});

test('frames of ours', () => {
  const hex = (bytes: string) => Buffer.from(bytes.slice(0, 12), 'latin1').toString('hex');
  assert.equal(hex(frame('ab')), '81026162');
  assert.equal(hex(frame('a'.repeat(126))).slice(0, 8), '817e007e');
  assert.equal(hex(frame('a'.repeat(70_000))).slice(0, 20), '817f0000000000011170');
});

test('RFC 7395 §3.3.3: a stanza says of which namespace it is', () => {
  assert.equal(standingAlone("<message to='a'/>"), "<message xmlns='jabber:client' to='a'/>");
  assert.equal(standingAlone('<iq/>'), "<iq xmlns='jabber:client'/>");
  assert.equal(standingAlone("<r xmlns='urn:xmpp:sm:3'/>"), "<r xmlns='urn:xmpp:sm:3'/>");
  assert.equal(standingAlone('<messages/>'), '<messages/>');
});

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>";

/** A client in messages, as over a WebSocket. */
function overMessages(house = new House()) {
  const edge = new Edge(house.core, { ...LIMITS, loginMs: 60_000 }, new Log('error', () => {}), () => house.now);
  const socket = new FakeTransport();
  const sent: string[] = [];
  const messages = {
    transport: 'websocket' as const,
    framing: messageFraming,
    seal: (bytes: string) => {
      sent.push(standingAlone(bytes));
      return bytes;
    },
  };
  const info = { address: '192.0.2.1:5', loopback: false, direct: false, secured: secured(), messages };
  const { connection } = edge.accept('192.0.2.1', socket, info);
  const says = async (...texts: string[]) => {
    sent.length = 0;
    for (const text of texts) connection.message(encode(text));
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
    return [...sent];
  };
  return { house, socket, says, edge };
}

test('RFC 7395 §3: open, login, restart, stanzas, close', async () => {
  const { house, says, socket, edge } = overMessages();
  const [open, features] = await says(OPEN);
  assert.match(
    open ?? '',
    /^<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org' id='fresh0' version='1.0'/,
  );
  assert.match(features ?? '', /^<stream:features xmlns:stream='http:\/\/etherx.jabber.org\/streams'><mechanisms/);
  assert.doesNotMatch(features ?? '', /starttls/);
  const client = new ScramClient('SCRAM-SHA-256', 'anna');
  const [challenge] = await says(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${client.first()}</auth>`);
  const final = client.final(/>([^<]+)</.exec(challenge ?? '')?.[1] ?? '', 'pencil');
  assert.match((await says(`<response xmlns='${SASL}'>${final}</response>`))[0] ?? '', /^<success/);
  assert.match((await says(OPEN))[1] ?? '', /xmpp-bind/);
  const [bound] = await says(
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
  );
  assert.match(bound ?? '', /^<iq xmlns='jabber:client' id='b' type='result'>/);
  await says("<message xmlns='jabber:client' to='x'><body>1</body></message>");
  assert.deepEqual(house.opened, ['anna/fresh0 websocket SCRAM-SHA-256']);
  assert.equal(house.stanzas.length, 1);
  assert.deepEqual(await says("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"), [
    "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
  ]);
  assert.deepEqual([socket.ended, house.closed], [true, 1]);
  edge.shutdown();
});

test('RFC 7395 §3.3: what is no element, is none of ours, or is half of one, ends the stream', async () => {
  for (const [text, condition] of [
    ['hello', 'bad-format'],
    [' <a/>', 'bad-format'],
    ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>", 'invalid-namespace'],
    [OPEN.replace('example.org', 'other.example'), 'host-unknown'],
    ['<a><b></a>', 'not-well-formed'],
    ['<a>', 'not-well-formed'],
  ] as const) {
    const { says, socket, edge } = overMessages();
    assert.match(
      (await says(text)).join(''),
      new RegExp(`<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>.*<close `),
      text,
    );
    assert.equal(socket.ended, true);
    edge.shutdown();
  }
});

const HTTP_BIND = 'http://jabber.org/protocol/httpbind';

/** A client over BOSH; each request answers with what came back, or undefined while it is held. */
function overBosh() {
  const house = new House();
  const edge = new Edge(house.core, { ...LIMITS, loginMs: 60_000 }, new Log('error', () => {}), () => house.now);
  const bosh = new Bosh(edge, 'example.org');
  const visitor = { host: '192.0.2.1', address: '192.0.2.1:5', loopback: false, secured: secured() };
  let rid = 1000;
  const settle = async () => {
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const post = async (attributes: string, content = '', at = ++rid) => {
    const held: { answer: string | undefined } = { answer: undefined };
    bosh.take(encode(`<body xmlns='${HTTP_BIND}' rid='${at}' ${attributes}>${content}</body>`), visitor, (answer) => {
      held.answer = answer;
    });
    await settle();
    return held;
  };
  return { house, edge, bosh, post, settle, rid: () => rid };
}

async function bound() {
  const talk = overBosh();
  const created = await talk.post(
    "to='example.org' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'",
  );
  const sid = /sid='([^']+)'/.exec(created.answer ?? '')?.[1] ?? '';
  const client = new ScramClient('SCRAM-SHA-256', 'anna');
  const challenge = await talk.post(
    `sid='${sid}'`,
    `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${client.first()}</auth>`,
  );
  const final = client.final(/>([^<]+)<\/challenge>/.exec(challenge.answer ?? '')?.[1] ?? '', 'pencil');
  await talk.post(`sid='${sid}'`, `<response xmlns='${SASL}'>${final}</response>`);
  const restarted = await talk.post(`sid='${sid}' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'`);
  assert.match(restarted.answer ?? '', /xmpp-bind/);
  await talk.post(
    `sid='${sid}'`,
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
  );
  return { ...talk, sid, created: created.answer ?? '' };
}

test('XEP-0124 §7, XEP-0206 §3: a session is made, logs in, restarts, binds', async () => {
  const { created, house, edge } = await bound();
  assert.match(
    created,
    /^<body xmlns='http:\/\/jabber.org\/protocol\/httpbind' sid='[^']+' wait='60' requests='2' hold='1' /,
  );
  assert.match(created, /xmpp:version='1.0' xmpp:restartlogic='true'><stream:features xmlns:stream=/);
  assert.doesNotMatch(created, /-PLUS/, 'many requests are bound to no one channel');
  assert.deepEqual(house.opened, ['anna/fresh0 bosh SCRAM-SHA-256']);
  edge.shutdown();
});

test('XEP-0124 §8, §11: what comes for the client takes the oldest request; no more than hold are kept', async () => {
  const { post, sid, house, settle, edge } = await bound();
  const first = await post(`sid='${sid}'`);
  assert.equal(first.answer, undefined);
  house.outlets[0]?.send("<message from='b'/>");
  await settle();
  assert.equal(first.answer, `<body xmlns='${HTTP_BIND}'><message xmlns='jabber:client' from='b'/></body>`);
  const [second, third] = [await post(`sid='${sid}'`), await post(`sid='${sid}'`, "<presence xmlns='jabber:client'/>")];
  assert.deepEqual([second.answer, third.answer], [`<body xmlns='${HTTP_BIND}'/>`, undefined]);
  assert.equal(house.stanzas.at(-1), "presence <presence xmlns='jabber:client'/>");
  edge.shutdown();
});

test('XEP-0124 §14: requests out of order are put in order; one that is asked again is answered again', async () => {
  const { post, sid, house, rid, edge } = await bound();
  const next = rid() + 1;
  const late = await post(`sid='${sid}'`, "<message xmlns='jabber:client' id='2'/>", next + 1);
  assert.equal(house.stanzas.length, 0);
  const early = await post(`sid='${sid}'`, "<message xmlns='jabber:client' id='1'/>", next);
  assert.deepEqual(
    house.stanzas.map((text) => /id='(\d)'/.exec(text)?.[1]),
    ['1', '2'],
  );
  assert.equal(early.answer, `<body xmlns='${HTTP_BIND}'/>`);
  const again = await post(`sid='${sid}'`, "<message xmlns='jabber:client' id='1'/>", next);
  assert.equal(again.answer, early.answer);
  assert.equal(house.stanzas.length, 2, 'and what is in it is not done twice');
  assert.equal(late.answer, undefined);
  const replaced = await post(`sid='${sid}'`, '', next + 1);
  assert.match(late.answer ?? '', /type='error'/);
  assert.equal(replaced.answer, undefined);
  edge.shutdown();
});

test('XEP-0124 §14.2, §17: outside of the window, of an unknown session, of another domain, malformed', async () => {
  const { post, sid, rid, house, edge } = await bound();
  assert.match(
    (await post(`sid='${sid}'`, '', rid() + 100)).answer ?? '',
    /type='terminate' condition='item-not-found'/,
  );
  assert.equal(house.closed, 1);
  assert.match((await post("sid='nonsense'")).answer ?? '', /condition='item-not-found'/);
  assert.match((await post("to='other.example'")).answer ?? '', /type='terminate' condition='host-unknown'/);
  assert.match((await post("to='example.org'", '<unclosed>')).answer ?? '', /condition='bad-request'/);
  edge.shutdown();
});

test('XEP-0124 §13: the client ends the session, and the last stanza counts', async () => {
  const { post, sid, house, bosh, edge } = await bound();
  const held = await post(`sid='${sid}'`);
  const end = await post(`sid='${sid}' type='terminate'`, "<presence xmlns='jabber:client' type='unavailable'/>");
  assert.match(held.answer ?? '', /type='terminate'/);
  assert.equal(end.answer, `<body xmlns='${HTTP_BIND}'/>`);
  assert.match(house.stanzas.at(-1) ?? '', /unavailable/);
  assert.deepEqual([house.closed, bosh.size], [1, 0]);
  edge.shutdown();
});

test('XEP-0124 §13: what came before the end is handled, though it takes its time', async () => {
  const { post, sid, house, settle, edge } = await bound();
  let done = () => {};
  house.hold = new Promise<void>((resolve) => {
    done = resolve;
  });
  const stanzas = [1, 2, 3].map((n) => `<message xmlns='jabber:client' id='${n}'/>`).join('');
  const end = await post(`sid='${sid}' type='terminate'`, stanzas);
  assert.deepEqual([house.stanzas.length, house.closed, end.answer], [1, 0, undefined]);
  house.hold = undefined;
  done();
  await settle();
  assert.deepEqual([house.stanzas.length, house.closed], [3, 1]);
  assert.match(end.answer ?? '', /type='terminate'/);
  edge.shutdown();
});

test('XEP-0124 §10: a pause answers all at once; one that is too long is refused', async () => {
  const { post, sid, edge } = await bound();
  const held = await post(`sid='${sid}'`);
  const pause = await post(`sid='${sid}' pause='60'`);
  assert.deepEqual([held.answer, pause.answer], [`<body xmlns='${HTTP_BIND}'/>`, `<body xmlns='${HTTP_BIND}'/>`]);
  assert.match((await post(`sid='${sid}' pause='9999'`)).answer ?? '', /policy-violation/);
  edge.shutdown();
});

test('XEP-0124 §15: with keys, only who has the chain goes on', async () => {
  const { post, edge } = overBosh();
  const hash = (text: string) => createHash('sha1').update(text).digest('hex');
  const chain = ['seed'];
  for (let i = 0; i < 3; i++) chain.push(hash(chain.at(-1) ?? ''));
  const sid = /sid='([^']+)'/.exec((await post(`to='example.org' newkey='${chain[3]}'`)).answer ?? '')?.[1];
  const held = await post(`sid='${sid}' key='${chain[2]}'`);
  assert.equal(held.answer, undefined);
  assert.match((await post(`sid='${sid}' key='wrong'`)).answer ?? '', /item-not-found/);
  edge.shutdown();
});

test('an end from above is told with its condition (XEP-0206 §6)', async () => {
  const { post, sid, house, settle, edge } = await bound();
  const held = await post(`sid='${sid}'`);
  house.outlets[0]?.end('policy-violation', 'enough');
  await settle();
  assert.match(
    held.answer ?? '',
    /type='terminate' condition='remote-stream-error' xmlns:stream='[^']+'><stream:error [^>]+><policy-violation /,
  );
  edge.shutdown();
});

test('a body is read with its attributes, whatever prefix it chose', () => {
  const limits = LIMITS.after;
  const read = readBody(
    `<body xmlns='${HTTP_BIND}' rid='7' sid='s' x:restart='true' xmlns:x='urn:xmpp:xbosh'><a/><b>c</b></body>`,
    limits,
  );
  assert.deepEqual([read?.rid, read?.sid, read?.restart, read?.payloads], [7, 's', true, ['<a/>', '<b>c</b>']]);
  for (const wrong of [
    '<body/>',
    `<body xmlns='${HTTP_BIND}'/>`,
    `<body xmlns='${HTTP_BIND}' rid='x'/>`,
    `<other xmlns='${HTTP_BIND}' rid='1'/>`,
    `<body xmlns='${HTTP_BIND}' rid='1'>`,
  ])
    assert.equal(readBody(wrong, limits), undefined, wrong);
});

test('host-meta names both ways in, in both forms (XEP-0156 §3)', () => {
  const ways = waysIn('https://chat.example.org:5443');
  assert.deepEqual(ways, {
    webSocket: 'wss://chat.example.org:5443/xmpp-websocket',
    bosh: 'https://chat.example.org:5443/http-bind',
  });
  assert.ok(hostMeta(ways).includes(`href='${ways.bosh}'`));
  assert.equal((JSON.parse(hostMetaJson(ways)) as { links: unknown[] }).links.length, 2);
});
