import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLeases } from '../storage/memory/memory-leases.ts';
import { conditionOf, DOMAIN } from '../world.fixture.ts';
import { NS } from '../xmpp/namespaces.ts';
import { Cloud, type CloudNode, eventually, settled } from './cluster.fixture.ts';
import { NameTaken, OtherWire } from './parts.ts';
import { transitKey } from './transit.ts';

const ANNA = `anna@${DOMAIN}`;
const BERT = `bert@${DOMAIN}`;

/** A cluster of so many nodes with anna and bert, who are each other's contacts. */
async function cloud(
  names: string,
  work: (cloud: Cloud, ...nodes: CloudNode[]) => Promise<void>,
  times = {},
): Promise<void> {
  const it = new Cloud(times);
  const nodes = await it.start(...names.split(' '));
  await nodes[0]?.world.people('anna', 'bert', 'carl');
  await nodes[0]?.world.befriend('anna', 'bert');
  await settled();
  try {
    await work(it, ...nodes);
    assert.deepEqual(it.faults, []);
  } finally {
    await it.stop();
  }
}

test('a message reaches somebody at another node, by bare and by full JID; an answer comes back', () =>
  cloud('a b', async (_, a, b) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    await settled();
    anna.hears();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await anna.says(`<message to='${BERT}/y' type='chat' id='2'><body>hi</body></message>`);
    await settled();
    assert.deepEqual(bert.hearsBriefly(), [
      'message from=anna@/x to=bert@ type=chat id=1',
      'message from=anna@/x to=bert@/y type=chat id=2',
    ]);
    await bert.says(`<iq to='${ANNA}/x' type='get' id='q'><query xmlns='jabber:iq:version'/></iq>`);
    await settled();
    assert.deepEqual(anna.hearsBriefly(), ['iq from=bert@/y to=anna@/x type=get id=q']);
    assert.equal(a.cluster.transit.size + b.cluster.transit.size, 0, 'nothing is on its way any more');
  }));

test('who has a session that an edge has taken elsewhere is asked to let go of it; who is out of reach says nothing', () =>
  cloud('a b', async (_, a, b) => {
    await a.world.come('anna/x');
    await settled();
    const [held] = b.world.router.sessions.of('anna');
    assert.ok(held !== undefined && !held.here);
    const asked: unknown[] = [];
    a.letGo = async (departure) => {
      asked.push(departure);
      return { handled: 3 };
    };
    assert.deepEqual(await b.cluster.letGo(held, { jid: `${ANNA}/x` }), { handled: 3 });
    assert.deepEqual(asked, [{ jid: `${ANNA}/x` }]);
    a.letGo = () => Promise.reject(new Error('a bug'));
    assert.equal(await b.cluster.letGo(held, {}), undefined);
    await a.cluster.leave();
    await eventually('it is gone', () => b.world.router.sessions.of('anna').length === 0);
    assert.equal(await b.cluster.letGo(held, {}), undefined);
  }));

test('presence: contacts at other nodes see somebody come, change and go, and are seen by who comes', () =>
  cloud('a b c', async (_, a, b, c) => {
    const bert = await b.world.come('bert/y', '<presence><show>dnd</show></presence>');
    await settled();
    const anna = await a.world.come('anna/x', '');
    await anna.says('<presence><status>here</status></presence>');
    assert.deepEqual(
      anna.hears().map((e) => [e.attributes['from'], e.child('show')?.text]),
      [
        [`${ANNA}/x`, undefined],
        [`${BERT}/y`, 'dnd'],
      ],
    );
    await settled();
    assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/x to=bert@']);
    const other = await c.world.come('anna/z');
    await settled();
    assert.deepEqual(anna.hearsBriefly(), ['presence from=anna@/z to=anna@']);
    await other.leaves();
    await anna.leaves();
    await settled();
    assert.deepEqual(bert.hearsBriefly(), [
      'presence from=anna@/z to=bert@',
      'presence from=anna@/z to=bert@ type=unavailable',
      'presence from=anna@/x to=bert@ type=unavailable',
    ]);
    assert.equal(b.world.router.sessions.elsewhere, 0);
  }));

test('who joins learns of all who are there', () =>
  cloud('a', async (it, a) => {
    const anna = await a.world.come('anna/x');
    const [b] = await it.start('b');
    assert.equal(b?.world.router.sessions.elsewhere, 1);
    const bert = await b?.world.come('bert/y');
    await settled();
    assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@']);
    assert.equal(
      b?.cluster
        .nodes()
        .map((node) => `${node.node} ${node.state} ${node.sessions}`)
        .join(),
      'a linked 1,b here 1',
    );
    await bert?.leaves();
  }));

test('a resource that is bound again at another node ends the first', () =>
  cloud('a b', async (_, a, b) => {
    const first = await a.world.come('anna/x');
    await settled();
    await b.world.come('anna/x');
    assert.deepEqual(first.ended, ['conflict']);
    assert.deepEqual([a.world.router.sessions.size, b.world.router.sessions.size], [0, 1]);
  }));

test('a resource that is bound at two nodes in the same moment stays where it was bound last, and there alone', () =>
  cloud('a b', async (_, a, b) => {
    b.world.now = a.world.now + 1;
    await Promise.all([a.world.come('anna/x'), b.world.come('anna/x')]);
    await settled();
    assert.deepEqual([a.world.router.sessions.size, b.world.router.sessions.size], [0, 1]);
  }));

test('roster pushes, subscriptions and blocking cross nodes', () =>
  cloud('a b', async (_, a, b) => {
    const [desk, phone, carl] = [
      await a.world.come('anna/desk'),
      await b.world.come('anna/phone'),
      await b.world.come('carl/c'),
    ];
    await settled();
    for (const one of [desk, phone, carl]) one.hears();
    await desk.says(`<iq type='set' id='s'><query xmlns='${NS.roster}'><item jid='x@y' name='X'/></query></iq>`);
    await settled();
    assert.equal(phone.hears()[0]?.child('query', NS.roster)?.elements[0]?.attributes['name'], 'X');
    await carl.says(`<presence to='${ANNA}' type='subscribe'/>`);
    await settled();
    desk.hears();
    await phone.says(`<presence to='carl@${DOMAIN}' type='subscribed'/>`);
    await settled();
    assert.ok(
      carl.hearsBriefly().includes('presence from=anna@/desk to=carl@'),
      'the node of carl shows a session of another',
    );
    const roster = await desk.asks(`<iq type='get' id='r'><query xmlns='${NS.roster}'/></iq>`);
    assert.deepEqual(
      roster
        .child('query', NS.roster)
        ?.elements.map((e) => `${e.attributes['jid']} ${e.attributes['subscription']}`)
        .sort(),
      [`${BERT} both`, `carl@${DOMAIN} from`, 'x@y none'],
    );
    await phone.says(`<iq type='set' id='b'><block xmlns='${NS.blocking}'><item jid='carl@${DOMAIN}'/></block></iq>`);
    await settled();
    for (const one of [desk, phone, carl]) one.hears();
    await carl.says(`<message to='${ANNA}/desk' type='chat' id='m'><body>hi</body></message>`);
    await settled();
    assert.equal(conditionOf(carl.hears()[0]), 'service-unavailable');
    assert.deepEqual([desk.hears(), phone.hears()], [[], []]);
  }));

test('carbons reach devices at other nodes', () =>
  cloud('a b c', async (_, a, b, c) => {
    const [desk, phone] = [await a.world.come('anna/desk'), await b.world.come('anna/phone')];
    const bert = await c.world.come('bert/y');
    await phone.says(`<iq type='set' id='c'><enable xmlns='${NS.carbons}'/></iq>`);
    await settled();
    for (const one of [desk, phone, bert]) one.hears();
    await desk.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await bert.says(`<message to='${ANNA}/desk' type='chat' id='2'><body>ho</body></message>`);
    await settled();
    assert.deepEqual(
      phone.hears().map((e) => e.elements[0]?.name),
      ['sent', 'received'],
    );
    assert.deepEqual(desk.hearsBriefly(), ['message from=bert@/y to=anna@/desk type=chat id=2']);
  }));

test('suspending somebody ends their sessions at all nodes', () =>
  cloud('a b', async (_, a, b) => {
    const [desk, phone] = [await a.world.come('anna/desk'), await b.world.come('anna/phone')];
    await settled();
    assert.equal(await a.world.users.suspend('anna'), 2);
    assert.deepEqual([desk.ended, phone.ended], [['policy-violation'], ['policy-violation']]);
    assert.equal(b.world.router.sessions.size, 0);
  }));

test('a message that is kept while its recipient comes to another node is not left lying', () =>
  cloud('a b', async (it, a, b) => {
    const anna = await a.world.come('anna/x');
    it.mesh.passes = (from) => from !== 'b'; // a does not hear of bert yet
    const bert = await b.world.come('bert/y');
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    assert.deepEqual(bert.hears(), []);
    it.mesh.passes = () => true;
    await eventually('it arrives', () => bert.incoming.some((wire) => wire.includes('hi')));
    assert.equal(await it.stores.list('offline').count('bert'), 0);
  }));

test('a bus that loses half of what it is given loses, doubles and disorders nothing', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
      await settled();
      bert.hears();
      let state = 7;
      it.mesh.passes = () => {
        state = (state * 1103515245 + 12345) % 2 ** 31;
        return state / 2 ** 31 < 0.5;
      };
      const long = 'x'.repeat(9000); // more than one datagram carries
      for (let i = 0; i < 200; i++)
        await anna.says(
          `<message to='${BERT}' type='chat' id='${i}'><body>${i % 20 === 0 ? long : i}</body></message>`,
        );
      await eventually('all arrive', () => bert.incoming.length >= 200);
      assert.deepEqual(
        bert.hears().map((e) => e.attributes['id']),
        Array.from({ length: 200 }, (_, i) => String(i)),
      );
      assert.ok(
        a.cluster.nodes().some((node) => node.resent > 0),
        'something was lost on the way',
      );
    },
    { leaseMs: 5000, stopMs: 4000 },
  ));

test('a node that dies: its people are shown unavailable, once, by one node; what was on its way goes where messages wait', () =>
  cloud('a b c', async (it, a, b, c) => {
    const [anna, bert, carl] = [
      await a.world.come('anna/x'),
      await b.world.come('bert/y'),
      await c.world.come('anna/z'),
    ];
    await settled();
    for (const one of [anna, bert, carl]) one.hears();
    b.die();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await eventually('bert is gone', () => a.world.router.sessions.elsewhere === 1 && anna.incoming.length > 0);
    await settled(50);
    for (const one of [anna, carl])
      assert.deepEqual(
        one
          .hears()
          .filter((e) => e.name === 'presence')
          .map((e) => [e.attributes['from'], e.attributes['type']]),
        [[`${BERT}/y`, 'unavailable']],
      );
    assert.equal(await it.stores.list('offline').count('bert'), 1);
    assert.equal(a.adopted.length + c.adopted.length, 1);
    assert.deepEqual([a.lost, c.lost], [[], []]);
    await eventually('it stops serving itself', () => b.lost.length === 1);
  }));

test('a node that is taken for dead and is not learns of it and stops', () =>
  cloud('a b', async (_, a, b) => {
    await b.world.come('bert/y');
    await settled();
    b.database = false;
    b.bus.connected = false;
    await eventually('it stops', () => b.lost.length === 1);
    await eventually('its sessions are withdrawn', () => a.world.router.sessions.elsewhere === 0);
    assert.deepEqual(a.lost, []);
  }));

test('without the database all go on as long as they hear each other, and nobody is taken for dead afterwards', () =>
  cloud('a b', async (_, a, b) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    await settled();
    a.database = b.database = false;
    await new Promise((resolve) => setTimeout(resolve, 2200)); // two leases
    bert.hears();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await settled();
    assert.equal(bert.hears().length, 1);
    a.database = true;
    await settled(100);
    b.database = true;
    await settled(100);
    assert.deepEqual([a.lost, b.lost, a.cluster.counters.fenced, b.cluster.counters.fenced], [[], [], 0, 0]);
  }));

test('one that can reach the others and not the database is vouched for', () =>
  cloud('a b c', async (_, a, b, c) => {
    b.database = false;
    await new Promise((resolve) => setTimeout(resolve, 2200));
    assert.deepEqual([a.lost, b.lost, c.lost], [[], [], []]);
    assert.equal(a.cluster.counters.fenced + c.cluster.counters.fenced, 0);
  }));

test('without the bus each serves its own; afterwards all see again who is there, with what they missed', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
      await settled();
      it.mesh.passes = () => false;
      await bert.says('<presence><show>away</show></presence>');
      await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
      await eventually('bert is out of reach', () => a.world.router.sessions.elsewhere === 0);
      await eventually('the message waits', () => a.cluster.transit.size === 0);
      assert.equal(await it.stores.list('offline').count('bert'), 1);
      await anna.says(`<message to='${BERT}' type='chat' id='2'><body>ho</body></message>`);
      for (const one of [anna, bert]) one.hears();
      it.mesh.passes = () => true;
      await eventually('bert is there again', () => a.world.router.sessions.elsewhere === 1);
      await eventually('the messages come', () => bert.incoming.length >= 2);
      assert.deepEqual(
        bert.hears().map((e) => [e.attributes['id'], e.child('body')?.text]),
        [
          ['1', 'hi'],
          ['2', 'ho'],
        ],
      );
      await eventually('what was missed is shown', () => anna.incoming.length > 0);
      assert.deepEqual(
        anna.hears().map((e) => [e.attributes['from'], e.child('show')?.text]),
        [[`${BERT}/y`, 'away']],
      );
      assert.deepEqual([a.lost, b.lost], [[], []]);
    },
    { patienceMs: 150 },
  ));

test('one that leaves in good order is not waited for', () =>
  cloud('a b', async (_, a, b) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    await settled();
    anna.hears();
    await bert.leaves();
    await b.cluster.leave();
    await eventually('it is gone', () => a.cluster.nodes().length === 1);
    await settled();
    assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@ type=unavailable']);
    assert.equal(a.adopted.length, 1, 'it is the heir');
  }));

test('a node whose name another one has does not take its place', () =>
  cloud('a b', async (it, a) => {
    await assert.rejects(it.start('b'), NameTaken);
    it.nodes.pop();
    await settled();
    assert.deepEqual(
      a.cluster.nodes().map((node) => node.node),
      ['a', 'b'],
    );
  }));

test('a node that is started again after it was killed takes care of its own past at once', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [anna] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
      await settled();
      anna.hears();
      b.die();
      const [again] = await it.start('b');
      await eventually('bert is shown to be gone', () => anna.incoming.length > 0);
      assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@ type=unavailable']);
      assert.deepEqual(again?.adopted, [b.run]);
      assert.equal(a.cluster.counters.fenced, 0, 'nobody had to wait for its lease');
    },
    { leaseMs: 20_000, stopMs: 15_000 },
  ));

test('a session is fetched from the node that has it while another stands still: it is nowhere until it is here', () =>
  cloud('a b c', async (it, a, b, c) => {
    it.mesh.passes = (_from, to) => to !== b.name;
    c.parked.set('s1', { id: 's1' });
    let fetched: unknown;
    void a.cluster.fetch('s1', 'anna').then((line) => {
      fetched = line;
    });
    await settled(50);
    assert.deepEqual(fetched, { id: 's1' });
  }));

test('what a dead node had got is not sent elsewhere before its sessions are taken over: what waits in one goes with it', () =>
  cloud('a b c', async (it, a, b, c) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    bert.managed = true;
    await settled();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await anna.says(`<message to='${BERT}' type='chat' id='2'><body>hi</body></message>`);
    await settled();
    // the first waits in bert's session, which goes on at the node that takes over; the second was lost with it
    for (const node of [a, c])
      node.adopting = async () => {
        await settled(50);
        node.cluster.receiptOf(transitKey.of(a.run, 1));
      };
    b.die();
    await eventually('one takes over', () => a.adopted.length + c.adopted.length === 1);
    await eventually('the second waits', () => a.cluster.transit.size === 1);
    const kept = await it.stores.list('offline').all('bert');
    assert.deepEqual(
      kept.map(({ data }) => / id='(\d)'/.exec(data)?.[1]),
      ['2'],
    );
  }));

test('when a link is given up, what became of messages is told again, and what has arrived does not come twice', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
      bert.managed = true;
      await settled();
      bert.hears();
      const says = (id: number) => anna.says(`<message to='${BERT}' type='chat' id='${id}'><body>hi</body></message>`);
      await says(1);
      await settled();
      it.mesh.passes = (from) => from !== b.name; // b hears, and is not heard
      await says(2);
      await settled();
      for (const receipt of bert.receipts) receipt.taken(); // neither the acknowledgement nor the fate gets through
      await eventually(
        'both give up the link',
        () => a.cluster.counters.links_broken > 0 && b.cluster.counters.links_broken > 0,
      );
      it.mesh.passes = () => true;
      await eventually('all is known', () => a.cluster.transit.size === 0);
      await settled(50);
      assert.deepEqual(
        bert.hears().flatMap(({ name, attributes }) => (name === 'message' ? [attributes['id']] : [])),
        ['1', '2'],
      );
      assert.equal(await it.stores.list('offline').count('bert'), 0);
    },
    { patienceMs: 150, leaseMs: 5000, stopMs: 4000 },
  ));

test('a session that came from another node is shown who is there and who is not', () =>
  cloud('a b', async (_, a, b) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    await settled();
    anna.hears();
    await a.world.router.hooks.run('session-arrived', { session: anna.session });
    assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@/x']);
    await bert.leaves();
    await settled();
    anna.hears();
    await a.world.router.hooks.run('session-arrived', { session: anna.session });
    assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@ to=anna@/x type=unavailable']);
  }));

test('a node that starts anew while another reads who is there is not held for the run before', () =>
  cloud('a b', async (it, a, b) => {
    let read = () => {};
    const held = new Promise<void>((resolve) => {
      read = resolve;
    });
    a.reading = held; // what it has read comes late
    await settled(60);
    b.die();
    const [again] = await it.start('b');
    await eventually('they know each other', () => a.cluster.nodes().some(({ run }) => run === again?.run));
    a.reading = undefined;
    read();
    await settled(100);
    assert.ok(a.cluster.nodes().some(({ run, state }) => run === again?.run && state === 'linked'));
  }));

test('nodes that meet for the first time, with people at both, show each what they could not be told', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      it.mesh.passes = () => false;
      const [c] = await it.start('c');
      const anna = await a.world.come('anna/x');
      const bert = await c?.world.come('bert/y', '<presence><show>dnd</show></presence>');
      anna.hears();
      bert?.hears();
      it.mesh.passes = () => true;
      await eventually('they see each other', () => anna.incoming.length > 0 && (bert?.incoming.length ?? 0) > 0);
      await settled(50);
      assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@']);
      assert.deepEqual(bert?.hearsBriefly(), ['presence from=anna@/x to=bert@']);
      await b.cluster.leave();
    },
    { patienceMs: 60_000 },
  ));

test('who changes, or goes, while the other node does not know all who are here is shown by this one', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const bert = await b.world.come('bert/y');
      await settled();
      it.mesh.passes = (from) => from !== 'a';
      const anna = await a.world.come('anna/x'); // b learns of her late
      await bert.says('<presence><show>away</show></presence>');
      await eventually('she sees it', () => anna.incoming.length > 0);
      assert.equal(anna.hears()[0]?.child('show')?.text, 'away');
      await bert.leaves();
      await eventually('she sees that he is gone', () => anna.incoming.length > 0);
      assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@ type=unavailable']);
      it.mesh.passes = () => true;
      await eventually('all is told', () => a.cluster.nodes().every(({ backlog }) => backlog === 0));
      await settled(50);
      const again = await b.world.come('bert/y');
      await settled(20);
      assert.deepEqual(anna.hearsBriefly(), ['presence from=bert@/y to=anna@'], 'once, by his node alone');
      await again.leaves();
    },
    { leaseMs: 10_000, stopMs: 9000, patienceMs: 60_000 },
  ));

test('what a run left that replaced another is cared for, although nobody was told to', () =>
  cloud('a b', async (it, a, b) => {
    b.safe.set(transitKey.of(b.run, 7), { account: 'bert', bytes: '<message/>', at: 1 });
    b.die();
    // a new run takes its place, and dies before it has taken over anything
    const leases = new MemoryLeases(it.leases);
    await leases.join('b', 'b-between', {});
    await leases.fence('b-between', 0);
    const rows = it.leases.rows;
    rows.delete('b');
    assert.deepEqual([...it.leases.estates].sort(), [b.run, 'b-between'].sort());
    await eventually('it is given back', () => a.givenBack.length > 0 && it.leases.estates.size === 0);
    assert.deepEqual(a.givenBack, [transitKey.of(b.run, 7)]);
  }));

test('a message on disk is not given back while a node that lives could not be asked whether it cares for it', () =>
  cloud(
    'a b c',
    async (it, a, b, c) => {
      const key = transitKey.of(b.run, 7);
      b.safe.set(key, { account: 'bert', bytes: '<message/>', at: 1 });
      c.tookOver.add(key); // with a session that came from b
      it.mesh.passes = (from, to) => from !== 'c' && to !== 'c';
      b.die();
      await eventually('its sessions are taken over', () => a.adopted.length + c.adopted.length > 0);
      await settled(500);
      assert.deepEqual([a.givenBack, c.givenBack], [[], []]);
      it.mesh.passes = () => true;
      await eventually('all is cared for', () => it.leases.estates.size === 0);
      assert.deepEqual([a.givenBack, c.givenBack], [[], []], 'c has it');
    },
    { leaseMs: 1000, stopMs: 800 },
  ));

test('of a message to two devices the copy on disk is known by both: it does not come again to who has it', () =>
  cloud('a b c', async (it, a, b, c) => {
    const [anna, desk, phone] = [
      await a.world.come('anna/x'),
      await b.world.come('bert/desk'),
      await c.world.come('bert/phone'),
    ];
    desk.managed = phone.managed = true;
    await settled();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
    await settled();
    await a.cluster.transit.keep(1);
    assert.deepEqual(
      [...a.safe.values()].map(({ also }) => also),
      [[1, 2]],
    );
    it.mesh.passes = (from) => from !== 'c';
    for (const receipt of phone.receipts) receipt.taken(); // what the phone says of it does not reach a any more
    await settled();
    a.die();
    it.mesh.passes = () => true;
    await eventually('it is cared for', () => a.safe.size === 0);
    assert.deepEqual([b.givenBack, c.givenBack], [[], []]);
  }));

test('two who become available at two nodes in the same moment see each other; so do two devices of one account', () =>
  cloud('a b', async (_, a, b) => {
    const [anna, bert, phone] = [
      await a.world.come('anna/x', ''),
      await b.world.come('bert/y', ''),
      await b.world.come('anna/phone', ''),
    ];
    await settled();
    await Promise.all([anna, bert, phone].map((one) => one.says('<presence/>')));
    await settled(50);
    const seen = (one: typeof anna) => [...new Set(one.hears().map((e) => e.attributes['from'] ?? ''))].sort();
    assert.deepEqual(seen(anna), [`${ANNA}/phone`, `${ANNA}/x`, `${BERT}/y`]);
    assert.deepEqual(seen(phone), [`${ANNA}/phone`, `${ANNA}/x`, `${BERT}/y`]);
    assert.deepEqual(seen(bert), [`${ANNA}/phone`, `${ANNA}/x`, `${BERT}/y`]);
  }));

test('two nodes that are started again, while a third knew who was at one of them: that one withdraws them', () =>
  cloud(
    'a b c',
    async (it, a, b, c) => {
      const bert = await c.world.come('bert/y');
      await a.world.come('anna/x');
      await settled();
      bert.hears();
      for (const node of [b, a]) node.die();
      await it.start('b');
      await it.start('a');
      await eventually('anna is shown to be gone', () => bert.incoming.length > 0);
      assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/x to=bert@ type=unavailable']);
    },
    { leaseMs: 1500, stopMs: 1200 },
  ));

test('a node that speaks to others in another way is not let in: neither would hear the other', () =>
  cloud('a', async (it) => {
    const row = it.leases.rows.get('a');
    if (row === undefined) throw new Error('a has no row');
    it.leases.rows.set('a', { ...row, info: { wire: 99, version: '9.9' } });
    await assert.rejects(it.start('b'), OtherWire);
    it.nodes.pop();
  }));

test('what was sent to a session that has gone to another node goes elsewhere as soon as that is known, before what is sent next', () =>
  cloud('a b', async (it, a, b) => {
    const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
    bert.managed = true;
    await settled();
    await anna.says(`<message to='${BERT}' type='chat' id='1'><body>in time</body></message>`);
    await settled();
    it.mesh.passes = (from) => from !== 'a';
    await anna.says(`<message to='${BERT}' type='chat' id='2'><body>too late</body></message>`);
    const moved = b.world.router.moveAway(bert.session);
    b.cluster.went(bert.session);
    await moved;
    await eventually('it is known', () => a.cluster.transit.size === 1);
    await settled();
    const kept = await it.stores.list('offline').all('bert');
    assert.deepEqual(
      kept.map(({ data }) => / id='(\d)'/.exec(data)?.[1]),
      ['2'],
      'the first is in his session',
    );
    it.mesh.passes = () => true;
    await settled(50);
    assert.equal(await it.stores.list('offline').count('bert'), 1, 'once');
  }));

test('a roster push that was lost with a link comes when the nodes hear each other again', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [desk, phone] = [await a.world.come('anna/desk'), await b.world.come('anna/phone')];
      await settled();
      it.mesh.passes = () => false;
      await desk.asks(
        `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='${BERT}' name='Bertram'/></query></iq>`,
      );
      await eventually('the phone is out of reach', () => a.world.router.sessions.elsewhere === 0);
      assert.deepEqual(
        phone.hears().filter(({ name }) => name === 'iq'),
        [],
      );
      it.mesh.passes = () => true;
      await eventually('it is told', () => phone.incoming.some((stanza) => stanza.includes('Bertram')));
    },
    { patienceMs: 150 },
  ));

test('who becomes available while somebody at another node asks for a subscription is told of it', () =>
  cloud('a b', async (_, a, b) => {
    const [carl, bert] = [await a.world.come('carl/x'), await b.world.come('bert/y', '')];
    await settled();
    await Promise.all([carl.says(`<presence to='${BERT}' type='subscribe'/>`), bert.says('<presence/>')]);
    await settled(50);
    assert.ok(bert.hears().some(({ attributes }) => attributes['type'] === 'subscribe'));
  }));

test('what has arrived of a node that can not be told so does not stay on its disk, for nobody may know it later', () =>
  cloud(
    'a b',
    async (it, a, b) => {
      const [anna, bert] = [await a.world.come('anna/x'), await b.world.come('bert/y')];
      bert.managed = true;
      await settled();
      await anna.says(`<message to='${BERT}' type='chat' id='1'><body>hi</body></message>`);
      await settled();
      await a.cluster.transit.keep(1);
      assert.equal(a.safe.size, 1);
      it.mesh.passes = () => false;
      const lag = () => b.cluster.nodes().find(({ node }) => node === 'a')?.lagMs ?? 0;
      await b.world.come('bert/other'); // something that a is told, and does not acknowledge
      await eventually('a is silent', () => lag() > 1000);
      for (const receipt of bert.receipts) receipt.taken();
      await eventually('its copy is gone', () => a.safe.size === 0);
    },
    { leaseMs: 20_000, stopMs: 15_000, patienceMs: 60_000 },
  ));
