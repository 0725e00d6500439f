import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifeline } from './lifeline.ts';
import { type FakeSession, HEADER, House, LIMITS, SM, Talk } from './talk.fixture.ts';

const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;
const ASK = `<r xmlns='${SM}'/>`;
const ack = (h: number | string) => `<a xmlns='${SM}' h='${h}'/>`;
const message = (n: number) =>
  `<message from='b@example.org/x' to='anna@example.org/phone'><body>${n}</body></message>`;

/** A stream that is logged in and not bound. */
async function back(house: House): Promise<Talk> {
  const talk = new Talk({ house });
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.says(HEADER);
  return talk;
}
const resume = (id: string, h: number) => `<resume xmlns='${SM}' previd='${id}' h='${h}'/>`;

test('XEP-0198 §3: enabled once, after the binding', async () => {
  const house = new House();
  const early = await back(house);
  assert.match(await early.says(ENABLE), /<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf/);
  const talk = await Talk.bound({ house });
  assert.equal(await talk.says(ENABLE), `<enabled xmlns='${SM}' id='fresh1' resume='true' max='60'/>`);
  assert.match(await talk.says(ENABLE), /<failed .*unexpected-request/);
  assert.match(await talk.says(resume('fresh1', 0)), /<failed .*unexpected-request/, 'bound already');
  const plain = await Talk.bound({ house });
  assert.equal(await plain.says(`<enable xmlns='${SM}'/>`), `<enabled xmlns='${SM}'/>`);
});

test('§4: what is handled is counted, stanzas alone, from enabling on', async () => {
  const talk = await Talk.bound();
  await talk.says('<presence/>');
  await talk.says(ENABLE);
  assert.equal(await talk.says(ASK), ack(0));
  assert.equal(await talk.says(`<message/><iq type='get' id='1'/>${ASK}<presence/>${ASK}`), ack(2) + ack(3));
});

test('§4: an acknowledgement waits for the stanza before it', async () => {
  const talk = await Talk.bound({}, ENABLE);
  let done = () => {};
  talk.house.hold = new Promise<void>((resolve) => {
    done = resolve;
  });
  assert.equal(await talk.says(`<message/>${ASK}`), '');
  done();
  assert.equal(await talk.hears(), ack(1));
});

test('§4: one request is out at a time, and another follows while something waits', async () => {
  const talk = await Talk.bound({}, ENABLE);
  talk.socket.written = '';
  talk.outlet.send(message(1));
  talk.outlet.send(message(2));
  assert.equal(await talk.hears(), message(1) + ASK + message(2));
  assert.equal(await talk.says(ack(1)), ASK);
  assert.equal(await talk.says(ack(2)), '');
  await talk.outlet.drained();
});

test('§6: more acknowledged than sent ends the stream with how many', async () => {
  const talk = await Talk.bound({}, ENABLE);
  talk.outlet.send(message(1));
  await talk.hears();
  const answer = await talk.says(ack(2));
  assert.match(
    answer,
    /<undefined-condition xmlns='[^']+'\/>.*<handled-count-too-high xmlns='urn:xmpp:sm:3' h='2' send-count='1'\/>/,
  );
  for (const broken of ['', '-1', 'x', '4294967296']) {
    const other = await Talk.bound({}, ENABLE);
    assert.match(await other.says(ack(broken)), /<policy-violation/, broken);
  }
});

test('§5: a session that lost its connection is resumed: the counts go on, what was missed comes', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  await talk.says('<message/>');
  const { outlet } = talk;
  outlet.send(message(1));
  outlet.send(message(2));
  await talk.says(ack(1));
  talk.connection.lost();
  outlet.send(message(3));
  assert.equal(house.closed, 0);
  const again = await back(house);
  const heard = await again.says(resume('fresh1', 1));
  assert.equal(heard, `<resumed xmlns='${SM}' h='1' previd='fresh1'/>${message(2)}${message(3)}${ASK}`);
  assert.equal(await again.says(`<presence/>${ASK}`), ack(2));
  assert.equal(house.peers.at(-1)?.transport, 'tls');
  outlet.send(message(4));
  assert.equal((await again.hears()).endsWith(message(4)), true);
  await again.says(ack(4));
  await again.says('</stream:stream>');
  assert.deepEqual([house.closed, house.undelivered], [1, []]);
});

test('§5: the older stream is told of the conflict, and its session lives on', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  const again = await back(house);
  assert.match(await again.says(resume('fresh1', 0)), /<resumed/);
  assert.match(await talk.hears(), /<stream:error><conflict/);
  assert.deepEqual([talk.socket.ended, house.closed], [true, 0]);
  talk.connection.lost();
  assert.equal(house.closed, 0, 'the old connection has nothing to do with it any more');
  again.connection.lost();
  const third = await back(house);
  assert.match(await third.says(resume('fresh1', 0)), /<resumed/);
});

test('§5: what can not be resumed: unknown, of somebody else, over; then a binding is welcome', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  await talk.says('<message/><message/>');
  const other = await back(house);
  assert.match(await other.says(resume('nonsense', 0)), /<failed xmlns='urn:xmpp:sm:3'><item-not-found/);
  assert.match(await other.says(`<resume xmlns='${SM}' previd='fresh1'/>`), /<failed .*bad-request/);
  assert.equal(house.lines.find('fresh1', 'bert'), undefined);
  await talk.says('</stream:stream>');
  house.lines.sweep();
  assert.match(await other.says(resume('fresh1', 0)), /<failed xmlns='urn:xmpp:sm:3' h='2'><item-not-found/);
  const bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
  assert.match(await other.says(bind), /<jid>anna@example.org\/fresh1<\/jid>/);
});

test('§5: more acknowledged in a resumption than was sent ends the new stream, and the session waits on', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  talk.connection.lost();
  const wrong = await back(house);
  assert.match(await wrong.says(resume('fresh1', 5)), /<handled-count-too-high/);
  const right = await back(house);
  assert.match(await right.says(resume('fresh1', 0)), /<resumed/);
});

test('a session waits so long and no longer; what it has not acknowledged goes back, with its time', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  const { outlet } = talk;
  outlet.send(message(1));
  await talk.says(ack(1));
  outlet.send(message(2));
  talk.connection.lost();
  const lostAt = house.now;
  outlet.send(message(3));
  assert.equal(house.lines.waiting, 1);
  house.now += 60_000;
  house.lines.sweep();
  assert.equal(house.closed, 0);
  house.now += 1;
  house.lines.sweep();
  assert.equal(house.closed, 1);
  assert.deepEqual(house.undelivered, [
    { bytes: message(2), at: lostAt },
    { bytes: message(3), at: lostAt },
  ]);
  assert.deepEqual([house.lines.waiting, house.lines.size], [0, 0]);
  await outlet.drained();
});

test('without resumption, and after a farewell, what was not acknowledged goes back at once', async () => {
  for (const [enable, end] of [
    [`<enable xmlns='${SM}'/>`, (talk: Talk) => talk.connection.lost()],
    [ENABLE, (talk: Talk) => void talk.connection.received('</stream:stream>')],
    [ENABLE, (talk: Talk) => void talk.connection.received('<unknown/>')],
    [ENABLE, (talk: Talk) => talk.outlet.end('conflict')],
  ] as const) {
    const talk = await Talk.bound({}, enable);
    talk.outlet.send(message(1));
    end(talk);
    assert.deepEqual([talk.house.closed, talk.house.undelivered.length], [1, 1]);
  }
});

test('a message that several devices got is lost only with the last of them', async () => {
  const house = new House();
  const [one, two] = [await Talk.bound({ house }, ENABLE), await Talk.bound({ house }, ENABLE)];
  let open = 2;
  const receipt = {
    original: 'the original',
    taken: () => void open--,
    lost: () => --open === 0,
    keep: () => undefined,
  };
  house.outlets[0]?.send('a copy', receipt);
  house.outlets[1]?.send(message(1), receipt);
  await one.says('</stream:stream>');
  assert.deepEqual(house.undelivered, []);
  await two.says('</stream:stream>');
  assert.deepEqual(house.undelivered, [{ bytes: 'the original', at: house.now }]);
});

test('a client that answers no request is held for dead: its session waits for it', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  talk.outlet.send(message(1));
  house.now += 10_001;
  house.lines.sweep();
  assert.deepEqual([talk.socket.destroyed, house.closed, house.lines.waiting], [true, 0, 1]);
});

test('what is not acknowledged is bounded', async () => {
  const talk = await Talk.bound({}, ENABLE);
  for (let i = 0; i < 21; i++) talk.outlet.send(message(i));
  assert.match(await talk.hears(), /<policy-violation/);
  assert.deepEqual([talk.house.closed, talk.house.undelivered.length], [1, 21]);
});

test('a timeout and a shutdown end the connection, and not the session', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  talk.connection.end('system-shutdown');
  assert.match(await talk.hears(), /<system-shutdown/);
  assert.deepEqual([talk.socket.ended, house.closed, house.lines.waiting], [true, 0, 1]);
});

test('XEP-0352: an inactive client is spared availability and chat states until something matters', async () => {
  const talk = await Talk.bound();
  const CSI = 'urn:xmpp:csi:0';
  const presence = (show: string) =>
    `<presence from='b@example.org/x' to='anna@example.org'><show>${show}</show></presence>`;
  const typing = (what: string) =>
    `<message from='b@example.org/x' type='chat'><${what} xmlns='http://jabber.org/protocol/chatstates'/></message>`;
  await talk.says(`<inactive xmlns='${CSI}'/>`);
  talk.socket.written = '';
  for (const bytes of [presence('away'), typing('composing'), presence('dnd'), typing('paused')])
    talk.outlet.send(bytes);
  assert.equal(await talk.hears(), '');
  talk.outlet.send(message(1));
  assert.equal(await talk.hears(), presence('dnd') + typing('paused') + message(1), 'only the last of each');
  talk.socket.written = '';
  const subscription = "<presence from='c@example.org' to='anna@example.org' type='subscribe'/>";
  talk.outlet.send(subscription);
  assert.equal(await talk.hears(), subscription);
  talk.outlet.send(presence('xa'));
  assert.equal(await talk.says(`<active xmlns='${CSI}'/>`), presence('xa'));
  talk.socket.written = '';
  talk.outlet.send(presence('chat'));
  assert.equal(await talk.hears(), presence('chat'));
});

test('XEP-0352 §5: a session that is resumed is active, and gets what was held', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  await talk.says("<inactive xmlns='urn:xmpp:csi:0'/>");
  const presence = "<presence from='b@example.org/x' to='anna@example.org'/>";
  talk.outlet.send(presence);
  talk.connection.lost();
  const again = await back(house);
  assert.equal(
    await again.says(resume('fresh1', 0)),
    `<resumed xmlns='${SM}' h='0' previd='fresh1'/>${presence}${ASK}`,
  );
});

test('what waits for a client that is not there lies on disk, until it has it or it went where messages wait', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  const { outlet } = talk;
  outlet.send(message(1));
  outlet.send("<presence from='b@example.org/x'/>");
  talk.connection.lost();
  assert.equal(house.safe.size, 1, 'messages, and nothing else');
  const debt = outlet.send(message(2));
  assert.ok(debt !== undefined && !(debt instanceof Promise) && debt.kept !== undefined && !debt.settled);
  assert.equal(house.safe.size, 2);
  const again = await back(house);
  await again.says(resume('fresh1', 1));
  assert.equal(house.safe.size, 1, 'one was acknowledged');
  await again.says(ack(3));
  assert.equal(house.safe.size, 0);
  outlet.send(message(3));
  again.connection.lost();
  house.now += 60_001;
  house.lines.sweep();
  assert.deepEqual([house.safe.size, house.undelivered.length], [0, 1]);
});

test('what is not acknowledged for a while lies on disk too', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  talk.outlet.send(message(1));
  house.now += 3001;
  house.lines.sweep();
  assert.equal(house.safe.size, 1);
  await talk.says(ack(1));
  assert.equal(house.safe.size, 0);
});

test('a restart: sessions are packed and go on, with their counts and what they have not got', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  await talk.says('<message/>');
  talk.outlet.send(message(1));
  await talk.says(ack(1));
  talk.outlet.send(message(2));
  talk.connection.end('system-shutdown');
  const packed = [...house.lines.all()].map((line) => JSON.stringify(line.pack()));
  const later = new House();
  for (const key of house.safe) later.safe.add(key);
  for (const text of packed) {
    const line = await Lifeline.unpack(JSON.parse(text), later.core, LIMITS.lines, () => later.now);
    assert.ok(line);
    later.lines.add(line);
  }
  later.outlets[0]?.send(message(3));
  const again = await back(later);
  const heard = await again.says(resume('fresh1', 1));
  assert.equal(heard, `<resumed xmlns='${SM}' h='1' previd='fresh1'/>${message(2)}${message(3)}${ASK}`);
  await again.says(ack(3));
  assert.equal(later.safe.size, 0);
});

test('a sender is told that a message is handled when it is safe, and in its order', async () => {
  const house = new House();
  const anna = await Talk.bound({ house }, ENABLE);
  let stored = () => {};
  const debt = {
    settled: false,
    secure: () =>
      new Promise<void>((resolve) => {
        stored = resolve;
      }),
  };
  anna.outlet.owe({ settled: true, secure: () => Promise.reject(new Error('it has arrived')) });
  assert.equal(await anna.says(`<message/>${ASK}`), ack(1), 'what has arrived is answered at once');
  anna.outlet.owe(debt);
  assert.equal(await anna.says(`<message/>${ASK}`), '');
  assert.equal(await anna.says(`<message/>${ASK}`), '', 'a later answer does not overtake');
  for (let i = 0; i < 500 && anna.socket.written === ''; i++) {
    stored();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(await anna.hears(), ack(2) + ack(3));
});

test('what is owed for a message: it is settled when it is acknowledged, and secure when it lies on disk', async () => {
  const house = new House();
  const bert = await Talk.bound({ house }, ENABLE);
  const owed = (n: number) => {
    const debt = bert.outlet.send(message(n));
    assert.ok(debt !== undefined && !(debt instanceof Promise));
    return debt;
  };
  const [first, second] = [owed(1), owed(2)];
  await bert.says(ack(1));
  assert.deepEqual([first.settled, second.settled], [true, false]);
  await second.secure();
  assert.equal(house.safe.size, 1);
  await bert.says(ack(2));
  assert.deepEqual([second.settled, house.safe.size], [true, 0]);
  const third = owed(3);
  await bert.says('</stream:stream>');
  assert.equal(third.settled, true, 'it went where messages wait');
});

test('a session that goes to another node takes along what came for it until nothing more can come', async () => {
  const house = new House();
  const talk = await Talk.bound({ house }, ENABLE);
  const { outlet } = talk;
  outlet.send(message(1));
  talk.connection.lost();
  const line = house.lines.find('fresh1', 'anna');
  assert.ok(line instanceof Lifeline);
  const bodies = (list: readonly { readonly bytes: string }[] = []) =>
    list.map(({ bytes }) => />(\d)</.exec(bytes)?.[1]);
  let left: string | undefined;
  const released = line.release(({ waiting }) => {
    left = bodies(waiting).join();
  });
  outlet.send(message(2)); // while what waits is being written
  const packed = await released;
  assert.deepEqual([left, bodies(packed?.waiting), line.over], ['1,2', ['1', '2'], true]);
});

test('who resumes a session that is just being given to another node is served from there, or told no', async () => {
  const house = new House();
  const given = new Map<string, unknown>();
  house.core.fetch = async (id) => given.get(id);
  const release = async (line: Lifeline<FakeSession>) => {
    let written = () => {};
    house.core.safe.put = (account, { bytes }) => ({
      key: `${account} ${bytes}`,
      stored: new Promise<void>((resolve) => {
        written = resolve;
      }),
      drop: () => {},
    });
    line.send(message(1));
    const packed = line.release((all) => void given.set('fresh1', all));
    const again = await back(house);
    assert.equal(await again.says(resume('fresh1', 0)), '', 'the disk is slow, and who has it is not decided');
    return { again, packed, written };
  };
  const bound = async () => {
    const talk = await Talk.bound({ house }, ENABLE);
    const line = house.lines.find(/ id='([^']+)'/.exec(talk.socket.written)?.[1] ?? '', 'anna');
    assert.ok(line instanceof Lifeline);
    return line;
  };
  const gone = await release(await bound());
  gone.written();
  await gone.packed;
  assert.match(await gone.again.hears(), /^<resumed [^>]*previd='fresh1'\/><message /);
  const [line] = [...house.lines.all()].filter(({ over }) => !over);
  assert.ok(line !== undefined);
  const lost = await release(line);
  house.core.fetch = async () => undefined;
  lost.written();
  await lost.packed;
  assert.match(await lost.again.hears(), /<failed .*item-not-found/);
});

test('a clock that is set forward ends no session that waits', async () => {
  const house = new House();
  let steady = 0;
  Object.assign(house.core, { clock: () => steady });
  const talk = await Talk.bound({ house }, ENABLE);
  talk.connection.lost();
  house.now += 86_400_000;
  house.lines.sweep();
  assert.equal(house.closed, 0);
  steady += 61_000;
  house.lines.sweep();
  assert.equal(house.closed, 1);
});
