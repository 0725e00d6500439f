import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandStep } from '../../router/commands.ts';
import type { Module } from '../../router/module.ts';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import type { Element } from '../../xml/element.ts';
import { formElement } from '../../xmpp/data-form.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** A command with two forms, and one that is done at once; for all but carl. */
const wizard: Module = {
  name: 'Test',
  specification: 'XEP-0050',
  version: '0',
  setup(ctx) {
    const allows = ({ local }: { local: string }) => local !== 'carl';
    const ask = (name: string, last: boolean, submit: (value: string) => CommandStep): CommandStep => ({
      kind: 'form',
      form: formElement('form', undefined, { title: name, fields: [{ var: name, type: 'text-single' }] }),
      last,
      submit: (submission) => {
        if (submission.one(name) === 'wrong') throw new StanzaError('not-acceptable');
        return submit(submission.one(name));
      },
    });
    ctx.command({
      node: 'wizard',
      name: 'Wizard',
      allows,
      execute: () =>
        ask('first', false, (first) => ask('second', true, (second) => ({ kind: 'done', note: `${first} ${second}` }))),
    });
    ctx.command({ node: 'now', name: 'Now', allows, execute: () => ({ kind: 'done', note: 'done' }) });
  },
};

async function start(): Promise<{ world: World; anna: Client; carl: Client }> {
  const world = new World(undefined, {}, {}, [wizard]);
  await world.people('anna', 'carl');
  return { world, anna: await world.come('anna/a'), carl: await world.come('carl/c') };
}

const field = (name: string, value: string) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='${name}'><value>${value}</value></field></x>`;

interface Answer {
  readonly status: string | undefined;
  readonly id: string;
  /** title of the form, or the note */
  readonly text: string;
  /** what may be done next, the default first */
  readonly actions: string;
  readonly error: string;
}

async function run(client: Client, attributes: string, content = ''): Promise<Answer> {
  const answer = await client.asks(
    `<iq type='set' id='c' to='${DOMAIN}'><command xmlns='${NS.commands}' ${attributes}>${content}</command></iq>`,
  );
  const command = answer.child('command', NS.commands);
  const actions = command?.child('actions');
  const text = command?.child('x', NS.dataForms)?.child('title') ?? command?.child('note');
  const specific = answer.child('error')?.elements.find((e) => e.ns === NS.commands)?.name ?? '';
  return {
    status: command?.attributes['status'],
    id: command?.attributes['sessionid'] ?? '',
    text: text?.text ?? '',
    actions:
      actions === undefined
        ? ''
        : [`${actions.attributes['execute']}:`, ...actions.elements.map((e) => e.name)].join(' '),
    error: `${conditionOf(answer)} ${specific}`.trim(),
  };
}

test('§2.4: a command that asks nothing is done at once', async () => {
  const { anna } = await start();
  const { status, text, error } = await run(anna, "node='now' action='execute'");
  assert.deepEqual([status, text, error], ['completed', 'done', '']);
});

test('§2.4, §3.4: forms one after the other, back, and to the end', async () => {
  const { anna } = await start();
  const first = await run(anna, "node='wizard'");
  assert.deepEqual([first.status, first.text, first.actions], ['executing', 'first', 'next: next']);
  const at = `node='wizard' sessionid='${first.id}'`;
  const second = await run(anna, `${at} action='next'`, field('first', 'A'));
  assert.deepEqual([second.id, second.text, second.actions], [first.id, 'second', 'complete: prev complete']);
  const back = await run(anna, `${at} action='prev'`);
  assert.deepEqual([back.text, back.actions], ['first', 'next: next']);
  await run(anna, at, field('first', 'B'));
  const end = await run(anna, `${at} action='next'`, field('second', 'C'));
  assert.deepEqual([end.status, end.id, end.text], ['completed', first.id, 'B C']);
  assert.equal((await run(anna, at, field('second', 'C'))).error, 'not-allowed session-expired');
});

test('§2.4: cancelled is over', async () => {
  const { anna } = await start();
  const { id } = await run(anna, "node='wizard'");
  const at = `node='wizard' sessionid='${id}'`;
  assert.equal((await run(anna, `${at} action='cancel'`)).status, 'canceled');
  assert.equal((await run(anna, at)).error, 'not-allowed session-expired');
});

test('§4.4: what is refused, and can be tried again', async () => {
  const { world, anna, carl } = await start();
  const { id } = await run(anna, "node='wizard'");
  const at = `node='wizard' sessionid='${id}'`;
  for (const [attributes, content, error] of [
    ["node='unknown'", '', 'item-not-found'],
    ["node='wizard' action='what'", '', 'bad-request malformed-action'],
    ["node='wizard' action='next'", '', 'bad-request bad-action'],
    ["node='wizard' sessionid='made up'", '', 'bad-request bad-sessionid'],
    [`node='now' sessionid='${id}'`, '', 'bad-request bad-sessionid'],
    [`${at} action='prev'`, '', 'bad-request bad-action'],
    [`${at} action='complete'`, field('first', 'x'), 'bad-request bad-action'],
    [at, '', 'bad-request bad-payload'],
    [at, field('first', 'wrong'), 'not-acceptable'],
  ] as const)
    assert.equal((await run(anna, attributes, content)).error, error, attributes);
  assert.equal((await run(carl, "node='wizard'")).error, 'forbidden');
  const desk = await world.come('anna/desk');
  assert.equal((await run(desk, at, field('first', 'x'))).error, 'bad-request bad-sessionid', "another resource's");
  assert.equal((await run(anna, at, field('first', 'x'))).text, 'second');
});

test('runs end with time, with their session, and when there are too many', async () => {
  const { world, anna } = await start();
  const ids: string[] = [];
  for (let i = 0; i < 11; i++) ids.push((await run(anna, "node='wizard'")).id);
  const error = async (id: string | undefined) => (await run(anna, `node='wizard' sessionid='${id}'`)).error;
  assert.deepEqual(
    [await error(ids[0]), await error(ids[1])],
    ['not-allowed session-expired', 'bad-request bad-payload'],
  );
  world.now += 601_000;
  assert.equal(await error(ids[10]), 'not-allowed session-expired');
  const { id } = await run(anna, "node='wizard'");
  await anna.leaves();
  const again = await world.come('anna/a');
  assert.equal((await run(again, `node='wizard' sessionid='${id}'`)).error, 'not-allowed session-expired');
});

test('§2.2: commands are found by those who may run them', async () => {
  const { anna, carl } = await start();
  const disco = (client: Client, kind: 'info' | 'items', node: string) =>
    client.asks(
      `<iq type='get' id='d' to='${DOMAIN}'><query xmlns='http://jabber.org/protocol/disco#${kind}' node='${node}'/></iq>`,
    );
  const nodes = (answer: Element) => answer.elements[0]?.all('item').map((item) => item.attributes['node']);
  assert.deepEqual(nodes(await disco(anna, 'items', NS.commands)), ['wizard', 'now']);
  assert.deepEqual(nodes(await disco(carl, 'items', NS.commands)), []);
  const identity = (answer: Element) => Object.values(answer.elements[0]?.child('identity')?.attributes ?? {});
  assert.deepEqual(identity(await disco(anna, 'info', NS.commands)), ['automation', 'command-list', 'Commands']);
  assert.deepEqual(identity(await disco(anna, 'info', 'wizard')), ['automation', 'command-node', 'Wizard']);
  assert.equal(conditionOf(await disco(carl, 'info', 'wizard')), 'forbidden');
  assert.equal(conditionOf(await disco(anna, 'items', 'unknown')), 'item-not-found');
});

test("commands are at one's own account too, and at nobody else's", async () => {
  const { world, anna } = await start();
  await world.befriend('anna', 'carl');
  const at = (name: string, kind: string, content: string) =>
    anna.asks(`<iq type='${kind}' id='c' to='${name}@${DOMAIN}'>${content}</iq>`);
  const list = `<query xmlns='${NS.discoItems}' node='${NS.commands}'/>`;
  const items = async (name: string) =>
    (await at(name, 'get', list)).elements[0]
      ?.all('item')
      .map((item) => `${item.attributes['jid']} ${item.attributes['node']}`);
  assert.deepEqual(await items('anna'), [`anna@${DOMAIN} wizard`, `anna@${DOMAIN} now`]);
  assert.deepEqual(await items('carl'), []);
  const now = `<command xmlns='${NS.commands}' node='now'/>`;
  assert.equal((await at('anna', 'set', now)).attributes['type'], 'result');
  assert.equal(conditionOf(await at('carl', 'set', now)), 'service-unavailable');
});
