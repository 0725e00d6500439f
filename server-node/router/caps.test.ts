import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../digest.ts';
import { type Client, DOMAIN, World } from '../world.fixture.ts';
import { encode } from '../xml/chars.ts';
import { parseElement } from '../xml/element.ts';
import { capsText } from '../xmpp/caps.ts';
import { NS } from '../xmpp/namespaces.ts';
import type { Features } from './caps.ts';

const INFO = "<identity category='client' type='phone'/><feature var='urn:a+notify'/><feature var='urn:b'/>";
const VER = digest('sha-1', capsText(parseElement(encode(`<q>${INFO}</q>`), NS.discoInfo).elements) ?? '');

const presence = (ver = VER, hash = " hash='sha-1'") =>
  `<presence><c xmlns='${NS.caps}' node='https://client.example' ver='${ver}'${hash}/></presence>`;

interface Known {
  readonly world: World;
  /** what modules were told */
  readonly told: [jid: string, features: Features][];
}

async function start(): Promise<Known> {
  const world = new World();
  await world.people('anna', 'bert');
  const told: [string, Features][] = [];
  world.router.hooks.on(
    'caps-known',
    'observe',
    ({ session, features }) => void told.push([session.jid.toString(), features]),
  );
  return { world, told };
}

/** The id of the server's question, if it asks. */
const asked = (client: Client) =>
  client.hears().find((e) => e.name === 'iq' && e.child('query', NS.discoInfo) !== undefined)?.attributes;

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function answers(client: Client, id: string | undefined, content: string | undefined): Promise<void> {
  await client.says(
    content === undefined
      ? `<iq to='${DOMAIN}' type='error' id='${id}'/>`
      : `<iq to='${DOMAIN}' type='result' id='${id}'><query xmlns='${NS.discoInfo}'>${content}</query></iq>`,
  );
  await settle();
}

test('XEP-0115 §5.4: a client is asked once for its hash, and what is proven is believed of all', async () => {
  const { world, told } = await start();
  const [anna, bert] = [await world.come('anna/a', ''), await world.come('bert/b', '')];
  await anna.says(presence());
  await bert.says(presence());
  await settle();
  const question = asked(anna);
  assert.deepEqual([question?.['from'], question?.['to'], question?.['type']], [DOMAIN, `anna@${DOMAIN}/a`, 'get']);
  assert.equal(asked(bert), undefined, 'one is enough');
  await anna.says(presence());
  assert.equal(asked(anna), undefined, 'nor is one asked again who says the same again');
  await answers(anna, question?.['id'], INFO);
  const features = ['urn:a+notify', 'urn:b'];
  assert.deepEqual(told, [
    [`anna@${DOMAIN}/a`, features],
    [`bert@${DOMAIN}/b`, features],
  ]);
  const late = await world.come('bert/late', '');
  await late.says(presence());
  await settle();
  assert.deepEqual([asked(late), told.length], [undefined, 3]);
});

test('XEP-0115 §5.4: a lie is believed of the liar alone, and the next is asked', async () => {
  const { world, told } = await start();
  const [anna, bert] = [await world.come('anna/a', ''), await world.come('bert/b', '')];
  await anna.says(presence());
  await bert.says(presence());
  await answers(anna, asked(anna)?.['id'], "<feature var='urn:evil'/>");
  assert.deepEqual(told, [[`anna@${DOMAIN}/a`, ['urn:evil']]]);
  await answers(bert, asked(bert)?.['id'], INFO);
  assert.deepEqual(told[1], [`bert@${DOMAIN}/b`, ['urn:a+notify', 'urn:b']]);
});

test('XEP-0115 §5.4: no hash, no answer, an ill-formed or a forged one make nothing known', async () => {
  const { world, told } = await start();
  const [anna, bert] = [await world.come('anna/a', ''), await world.come('bert/b', '')];
  await anna.says(presence(VER, ''));
  assert.equal(asked(anna), undefined);
  await anna.says(presence());
  const question = asked(anna);
  await answers(bert, question?.['id'], INFO);
  assert.deepEqual(told, [], 'only who was asked answers');
  await answers(anna, question?.['id'], undefined);
  await anna.says(presence('other'));
  await answers(anna, asked(anna)?.['id'], "<feature var='a'/><feature var='a'/>");
  assert.deepEqual([told, world.faults], [[], []]);
  await anna.says(presence('third', " hash='md5'"));
  await answers(anna, asked(anna)?.['id'], INFO);
  assert.equal(told.length, 1, 'a hash that we cannot check: believed of this one');
  await bert.says(presence('third', " hash='md5'"));
  assert.notEqual(asked(bert), undefined);
});

test('a question that nobody answers is forgotten after a minute', async () => {
  const { world } = await start();
  const [anna, bert] = [await world.come('anna/a', ''), await world.come('bert/b', '')];
  await anna.says(presence());
  await bert.says(presence());
  await settle();
  world.now += 61_000;
  const other = await world.come('anna/other', '');
  await other.says(presence('another'));
  await settle();
  assert.notEqual(asked(bert), undefined, 'the next who says it is asked');
});

test('XEP-0115 §6.2, §6.3: the server says what it is, and answers for that', async () => {
  const { world } = await start();
  const anna = await world.come('anna/a');
  const c = parseElement(`<f>${world.router.streamFeatures()}</f>`, '').child('c', NS.caps)?.attributes;
  assert.equal(c?.['hash'], 'sha-1');
  const node = `${c?.['node']}#${c?.['ver']}`;
  const answer = await anna.asks(
    `<iq type='get' id='d' to='${DOMAIN}'><query xmlns='${NS.discoInfo}' node='${node}'/></iq>`,
  );
  const query = answer.child('query', NS.discoInfo);
  assert.equal(query?.attributes['node'], node);
  assert.equal(digest('sha-1', capsText(query?.elements ?? []) ?? ''), c?.['ver']);
});
