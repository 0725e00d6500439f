import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, DOMAIN, World } from '../../world.fixture.ts';
import type { Element } from '../../xml/element.ts';

const CARBONS = 'urn:xmpp:carbons:2';
const enable = (client: Client, name = 'enable') =>
  client.asks(`<iq type='set' id='c'><${name} xmlns='${CARBONS}'/></iq>`);

/** What a client heard, in a line each: `sent anna/a > bert: hi` for a copy, the message itself without a word before. */
function heard(client: Client): string[] {
  const line = (message: Element) => {
    const [from = '', to = ''] = [message.attributes['from'], message.attributes['to']].map((jid = '') =>
      jid.replace(`@${DOMAIN}`, ''),
    );
    return `${from} > ${to}: ${message.child('body', 'jabber:client')?.text ?? ''}`;
  };
  return client
    .hears()
    .filter((e) => e.name === 'message')
    .map((message) => {
      const wrapper = message.elements.find(
        (child) => child.ns === CARBONS && (child.name === 'sent' || child.name === 'received'),
      );
      const original = wrapper?.child('forwarded', 'urn:xmpp:forward:0')?.child('message', 'jabber:client');
      if (wrapper === undefined || original === undefined) return line(message);
      assert.deepEqual(
        [message.attributes['from'], message.attributes['to']],
        [client.session.jid.bare.toString(), client.session.jid.toString()],
      );
      assert.equal(message.attributes['type'], original.attributes['type']);
      return `${wrapper.name} ${line(original)}`;
    });
}

async function scene() {
  const world = new World();
  await world.people('anna', 'bert');
  const [phone, desk, old, bert, tablet] = [
    await world.come('anna/phone'),
    await world.come('anna/desk'),
    await world.come('anna/old'),
    await world.come('bert/b'),
    await world.come('bert/tablet'),
  ];
  for (const client of [phone, desk, tablet]) assert.equal((await enable(client)).attributes['type'], 'result');
  for (const client of world.clients) client.incoming.length = 0;
  return { world, phone, desk, old, bert, tablet };
}

test('§7, §8: what is sent and received is copied to the devices that want it and have not got it', async () => {
  const { phone, desk, old, bert, tablet } = await scene();
  await phone.says(`<message to='bert@${DOMAIN}/b' type='chat' id='1'><body>grüße &amp; 🎉</body></message>`);
  assert.deepEqual(heard(bert), ['anna/phone > bert/b: grüße & 🎉']);
  assert.deepEqual(heard(tablet), ['received anna/phone > bert/b: grüße & 🎉']);
  assert.deepEqual(heard(desk), ['sent anna/phone > bert/b: grüße & 🎉']);
  assert.deepEqual([heard(phone), heard(old)], [[], []]);
  await bert.says(`<message to='anna@${DOMAIN}' type='chat' id='2'><body>to all</body></message>`);
  for (const client of [phone, desk, old])
    assert.deepEqual(heard(client), ['bert/b > anna: to all'], 'delivered, and so not copied');
  assert.deepEqual(heard(tablet), ['sent bert/b > anna: to all']);
});

test('a copy is made of what is kept for somebody who is away, and of what has no type', async () => {
  const { world, phone, desk } = await scene();
  await world.people('carl');
  await phone.says(`<message to='carl@${DOMAIN}' id='1'><body>for later</body></message>`);
  assert.deepEqual(heard(desk), ['sent anna/phone > carl: for later']);
});

test('a note to oneself is copied once', async () => {
  const { phone, desk, old } = await scene();
  await phone.says(`<message to='anna@${DOMAIN}/old' type='chat' id='1'><body>note</body></message>`);
  assert.deepEqual(
    [heard(old), heard(desk), heard(phone)],
    [['anna/phone > anna/old: note'], ['sent anna/phone > anna/old: note'], []],
  );
});

test('disabled, or gone, means no more copies; enabling twice is enabling', async () => {
  const { phone, desk } = await scene();
  await enable(desk);
  await enable(desk, 'disable');
  desk.incoming.length = 0;
  await phone.says(`<message to='bert@${DOMAIN}' type='chat' id='1'><body>x</body></message>`);
  assert.deepEqual(heard(desk), []);
});

const ROWS: readonly (readonly [string, string, boolean])[] = [
  ["type='chat'", '<body>x</body>', true],
  ["type='chat'", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", true],
  ['', '<body>x</body>', true],
  ["type='normal'", "<received xmlns='urn:xmpp:receipts' id='1'/>", true],
  ['', "<x xmlns='jabber:x:conference' jid='room@x'/>", true],
  ['', "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>", true],
  ['', "<something xmlns='urn:other'/>", false],
  ["type='groupchat'", '<body>x</body>', false],
  ["type='headline'", '<body>x</body>', false],
  ["type='chat'", `<body>x</body><private xmlns='${CARBONS}'/>`, false],
  ["type='chat'", "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>", false],
];
for (const [type, content, copied] of ROWS) {
  test(`§6.1, §9: ${type || 'untyped'} ${content} is ${copied ? '' : 'not '}copied`, async () => {
    const { phone, desk, tablet } = await scene();
    await phone.says(`<message to='bert@${DOMAIN}/b' ${type} id='1'>${content}</message>`);
    assert.equal(
      desk.incoming.some((raw) => raw.includes('<sent ')),
      copied,
    );
    assert.equal(
      tablet.incoming.some((raw) => raw.includes("<received xmlns='urn:xmpp:carbons")),
      copied,
    );
  });
}

test('§6.1: what an occupant says in private is copied for its sender alone', async () => {
  const { phone, desk, tablet } = await scene();
  await phone.says(
    `<message to='bert@${DOMAIN}/b' type='chat' id='1'><body>x</body><x xmlns='http://jabber.org/protocol/muc#user'/></message>`,
  );
  assert.equal(desk.incoming.length, 1);
  assert.equal(tablet.incoming.length, 0);
});
