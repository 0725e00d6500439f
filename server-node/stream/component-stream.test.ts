import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ComponentConnection } from '../edge/component-connection.ts';
import { Log } from '../observe/log.ts';
import type { External } from '../router/externals.ts';
import { componentCore, componentSecrets } from '../sessions/components.ts';
import { World } from '../world.fixture.ts';
import { encode } from '../xml/chars.ts';
import { FakeTransport, LIMITS } from './talk.fixture.ts';

const DOMAIN = 'echo.example.org';
const SECRETS = componentSecrets([`${DOMAIN}=a=secret`]);
const header = (to = DOMAIN, ns = 'jabber:component:accept') =>
  `<stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams' to='${to}'>`;

/** A component that speaks bytes, beside a world of people. */
class Talk {
  readonly socket = new FakeTransport();
  readonly connection: ComponentConnection<External>;

  constructor(world: World) {
    const log = new Log('error', () => {});
    this.connection = new ComponentConnection(
      this.socket,
      '127.0.0.1:1',
      componentCore(SECRETS, world.router),
      LIMITS,
      log,
    );
  }

  async says(text: string): Promise<string> {
    this.socket.written = '';
    this.connection.received(encode(text));
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
    return this.socket.written;
  }

  async handshakes(secret = 'a=secret'): Promise<string> {
    const id = /id='([^']+)'/.exec(await this.says(header()))?.[1] ?? '';
    return this.says(
      `<handshake>${createHash('sha1')
        .update(id + secret)
        .digest('hex')}</handshake>`,
    );
  }
}

async function scene() {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/desk');
  return { world, anna, talk: new Talk(world) };
}

test('XEP-0114 §3: a header, a handshake, and then stanzas of the whole domain', async () => {
  const { talk, anna, world } = await scene();
  assert.equal(await talk.handshakes(), '<handshake/>');
  const message = `<message from='bot@${DOMAIN}/x' to='anna@example.org' type='chat'><body>hi</body></message>`;
  assert.equal(await talk.says(message), '');
  const [heard] = anna.hears();
  assert.deepEqual([heard?.attributes['from'], heard?.child('body')?.text], [`bot@${DOMAIN}/x`, 'hi']);
  await anna.says(`<message to='bot@${DOMAIN}' type='chat'><body>&amp; back</body></message>`);
  assert.equal(
    await talk.says(' '),
    `<message from='anna@example.org/desk' to='bot@${DOMAIN}' type='chat'><body>&amp; back</body></message>`,
  );
  assert.deepEqual(world.faults, []);
});

test('stanzas that name their namespace mean the same', async () => {
  const { talk, anna } = await scene();
  await talk.handshakes();
  for (const ns of ['jabber:component:accept', 'jabber:client'])
    await talk.says(`<message xmlns='${ns}' from='${DOMAIN}' to='anna@example.org'><body>x</body></message>`);
  assert.equal(anna.hears().filter((stanza) => stanza.child('body', 'jabber:client')?.text === 'x').length, 2);
});

test('what is wrong ends the stream', async () => {
  const cases: readonly (readonly [string, string])[] = [
    [header('other.example.org'), 'host-unknown'],
    [header(DOMAIN, 'jabber:client'), 'invalid-namespace'],
    [`${header()}<handshake>wrong</handshake>`, 'not-authorized'],
    [`${header()}<message/>`, 'not-authorized'],
    ['GET / HTTP/1.1\r\n', 'bad-format'],
  ];
  for (const [text, condition] of cases) {
    const { talk } = await scene();
    assert.match(await talk.says(text), new RegExp(`<stream:error><${condition} `), text);
    assert.equal(talk.socket.ended, true);
  }
  for (const stanza of [
    `<message from='bot@other.example' to='anna@example.org'/>`,
    `<message to='anna@example.org'/>`,
    `<message from='bot@${DOMAIN}'/>`,
  ]) {
    const { talk } = await scene();
    await talk.handshakes();
    assert.match(await talk.says(stanza), /<stream:error><invalid-from /, stanza);
  }
});

test('a second of the same name is refused; when the first is gone it is welcome', async () => {
  const { talk, world, anna } = await scene();
  await talk.handshakes();
  const second = new Talk(world);
  assert.match(await second.handshakes(), /<stream:error><conflict /);
  talk.connection.lost();
  await anna.says(`<message to='bot@${DOMAIN}' id='1'><body>x</body></message>`);
  assert.deepEqual(anna.hearsBriefly(), [`message from=bot@${DOMAIN} to=anna@/desk type=error id=1`]);
  assert.equal(await new Talk(world).handshakes(), '<handshake/>');
});

test('people see what is there of a component, and it sees them', async () => {
  const { talk, anna } = await scene();
  await talk.handshakes();
  await anna.says(`<presence to='bot@${DOMAIN}' type='subscribe'/>`);
  assert.match(await talk.says(' '), /<presence from='anna@example.org' to='bot@echo.example.org' type='subscribe'/);
  await talk.says(`<presence from='bot@${DOMAIN}' to='anna@example.org' type='subscribed'/>`);
  await talk.says(`<presence from='bot@${DOMAIN}' to='anna@example.org' type='subscribe'/>`);
  await anna.says(`<presence to='bot@${DOMAIN}' type='subscribed'/>`);
  talk.socket.written = '';
  await anna.says('<presence><show>away</show></presence>');
  assert.match(
    await talk.says(' '),
    /<presence from='anna@example.org\/desk' to='bot@echo.example.org'[^>]*><show>away/,
  );
  anna.incoming.length = 0;
  await anna.says("<presence type='unavailable'/>");
  talk.socket.written = '';
  await anna.says('<presence/>');
  assert.match(await talk.says(' '), /type='probe'/, 'who comes asks who is there');
});
