import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { LoginGuard } from '../sasl/mechanism.ts';
import { keysOf, saltedPassword } from '../sasl/scram-keys.ts';
import { HEADER, House, header, KEYS, SASL, SASL2, SM, secured, Talk } from './talk.fixture.ts';

const AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>Tester</software></user-agent>";
const BIND = "<bind xmlns='urn:xmpp:bind:0'><tag>Tester</tag></bind>";

test('what leads to a login, in both profiles, with what it can be bound to (XEP-0388 §2.1, XEP-0440, XEP-0484, XEP-0478)', async () => {
  const answer = await new Talk().says(HEADER);
  const both =
    /<mechanisms [^>]+>(.*)<\/mechanisms><authentication xmlns='urn:xmpp:sasl:2'>(.*?)<inline>(.*)<\/inline><\/authentication>(.*)<\/stream:features>$/.exec(
      answer,
    );
  assert.ok(both);
  assert.equal(both[1], both[2], 'the same mechanisms');
  assert.match(both[1] ?? '', /^<mechanism>SCRAM-SHA-512-PLUS<\/mechanism>.*<mechanism>SCRAM-SHA-1<\/mechanism>$/);
  assert.match(
    both[3] ?? '',
    /<bind xmlns='urn:xmpp:bind:0'><inline>.*<feature var='urn:xmpp:sm:3'\/><\/inline><\/bind><sm xmlns='urn:xmpp:sm:3'\/>/,
  );
  assert.match(
    both[3] ?? '',
    /<mechanism>HT-SHA-256-EXPR<\/mechanism><mechanism>HT-SHA-256-ENDP<\/mechanism><mechanism>HT-SHA-256-NONE<\/mechanism>/,
  );
  assert.match(both[4] ?? '', /<channel-binding type='tls-exporter'\/><channel-binding type='tls-server-end-point'\/>/);
  assert.match(both[4] ?? '', /<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>4096<\/max-bytes><\/limits>$/);
  const old = await new Talk({ tls: 'TLSv1.2' }).says(HEADER);
  assert.doesNotMatch(old, /tls-exporter|HT-SHA-256-EXPR/);
});

test('a login bound to its channel, in the profile of RFC 6120', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  const success = await talk.logsIn('SCRAM-SHA-512-PLUS', 'pencil', 'p=tls-exporter,,', 'data of tls-exporter');
  assert.match(success, /^<success/);
  const other = new Talk();
  await other.says(HEADER);
  assert.match(
    await other.logsIn('SCRAM-SHA-256-PLUS', 'pencil', 'p=tls-exporter,,', 'of another channel'),
    /not-authorized/,
  );
  assert.match(await other.logsIn('SCRAM-SHA-256', 'pencil', 'y,,'), /not-authorized/, 'RFC 5802 §6');
});

test('a client that knows only tls-unique gets in without binding, unless that is switched off (ADR 0013)', async () => {
  for (const [strictBinding, outcome] of [
    [false, /^<success/],
    [true, /<not-authorized/],
  ] as const) {
    const talk = new Talk({ strictBinding });
    await talk.says(HEADER);
    assert.match(await talk.logsIn('SCRAM-SHA-256-PLUS', 'pencil', 'p=tls-unique,,', 'x'), /<not-authorized/);
    assert.match(await talk.logsIn('SCRAM-SHA-256', 'pencil', 'y,,'), outcome);
  }
});

test('XEP-0388 with XEP-0386: login, resource, carbons and stream management in two round trips after the header', async () => {
  const talk = new Talk();
  await talk.says(header(" from='anna@example.org'"));
  const more = `${AGENT}<bind xmlns='urn:xmpp:bind:0'><tag>Tester</tag><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='${SM}' resume='1'/></bind>`;
  const answer = await talk.logsIn2(more);
  assert.match(
    answer,
    /^<success xmlns='urn:xmpp:sasl:2'><additional-data>[^<]+<\/additional-data><authorization-identifier>anna@example.org\/Tester\/stable-anna-d456<\/authorization-identifier><bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='fresh1' resume='true' max='60'\/><\/bound><\/success><stream:features>/,
  );
  assert.doesNotMatch(
    answer.split('<stream:features>')[1] ?? '',
    /xmpp-bind|<sm /,
    'what is done is not offered again',
  );
  assert.deepEqual(talk.house.carbons, ['anna@example.org/Tester/stable-anna-d456']);
  await talk.says('<presence/>');
  assert.deepEqual(talk.stanzas, ['presence <presence/>'], 'the stream goes on without a restart');
  assert.match(
    await talk.says(`<message>${'x'.repeat(5000)}</message>`),
    /^$/,
    'and with the limits of who has logged in',
  );
});

test('XEP-0388: without a binding, one follows as ever', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  assert.match(
    await talk.logsIn2(),
    /<authorization-identifier>anna@example.org<\/authorization-identifier><\/success><stream:features><bind xmlns='urn:ietf/,
  );
  const bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
  assert.match(await talk.says(bind), /<jid>anna@example.org\/fresh0<\/jid>/);
});

test('XEP-0388 §2.3: while a login goes on nothing else may come, and afterwards no other login', async () => {
  const begin = `<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-1'><initial-response>${Buffer.from('n,,n=a,r=b').toString('base64')}</initial-response></authenticate>`;
  const talk = new Talk();
  await talk.says(HEADER);
  assert.match(await talk.says(begin), /^<challenge/);
  assert.match(await talk.says('<presence/>'), /<policy-violation/);
  const other = new Talk();
  await other.says(HEADER);
  await other.logsIn2();
  assert.match(await other.says(begin), /<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/);
});

test('XEP-0388 §2.6.2: failures carry the conditions of RFC 6120', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  const fails = async (text: string) =>
    /<failure xmlns='urn:xmpp:sasl:2'><([a-z-]+) xmlns='urn:ietf:params:xml:ns:xmpp-sasl'\/>/.exec(
      await talk.says(text),
    )?.[1];
  assert.equal(await fails(`<authenticate xmlns='${SASL2}' mechanism='PLAIN'/>`), 'invalid-mechanism');
  assert.equal(await fails(`<authenticate xmlns='${SASL2}' mechanism='HT-SHA-256-NONE'/>`), 'invalid-mechanism');
  assert.equal(
    await fails(
      `<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-1'><initial-response>!</initial-response></authenticate>`,
    ),
    'incorrect-encoding',
  );
  assert.equal(
    await fails(`<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-1'><user-agent id='no'/></authenticate>`),
    'malformed-request',
  );
  const claims = new Talk();
  await claims.says(header(" from='bert@example.org'"));
  assert.match(await claims.logsIn2(), /<invalid-authzid/, 'who logs in is who the header said');
});

test('XEP-0388 §2.1: a header from another domain is refused', async () => {
  assert.match(await new Talk().says(header(" from='anna@other.example'")), /<invalid-from/);
});

test('PLAIN and EXTERNAL, where they are allowed', async () => {
  const talk = new Talk({ plain: true });
  await talk.says(HEADER);
  const plain = Buffer.from('\0anna\0pencil').toString('base64');
  assert.equal(
    await talk.says(`<auth xmlns='${SASL}' mechanism='PLAIN'>${plain}</auth>`),
    `<success xmlns='${SASL}'></success>`,
  );
  const certified = new Talk({ certified: ['anna@example.org'] });
  assert.match(await certified.says(HEADER), /<mechanism>EXTERNAL<\/mechanism>/);
  assert.match(await certified.says(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>=</auth>`), /^<success/);
});

/** Logs in with a token; answers with the outcome. */
async function byToken(
  house: House,
  token: string,
  more = BIND,
  fast = '<fast xmlns="urn:xmpp:fast:0"/>',
): Promise<string> {
  const talk = new Talk({ house });
  const digest = createHmac('sha256', token).update('Initiatordata of tls-exporter').digest();
  const response = Buffer.concat([Buffer.from('anna\0'), digest]).toString('base64');
  return talk.says(
    `${header(" from='anna@example.org'")}<authenticate xmlns='${SASL2}' mechanism='HT-SHA-256-EXPR'><initial-response>${response}</initial-response>${AGENT}${more}${fast}</authenticate>`,
  );
}
const tokenOf = (answer: string) =>
  /<token xmlns='urn:xmpp:fast:0' token='([^']+)' expiry='[^']+'\/>/.exec(answer)?.[1] ?? '';
const WANTED = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>";

async function withToken(): Promise<{ house: House; token: string }> {
  const house = new House();
  const talk = new Talk({ house });
  await talk.says(HEADER);
  const token = tokenOf(await talk.logsIn2(`${AGENT}${BIND}${WANTED}`));
  assert.notEqual(token, '');
  return { house, token };
}

test('XEP-0484: a token brings its client back in one round trip, which the header shares', async () => {
  const { house, token } = await withToken();
  const answer = await byToken(house, token);
  const proof = createHmac('sha256', token).update('Responderdata of tls-exporter').digest('base64');
  assert.match(
    answer,
    /<authorization-identifier>anna@example.org\/Tester\/stable-anna-d456<\/authorization-identifier><bound xmlns='urn:xmpp:bind:0'\/><\/success>/,
  );
  assert.ok(answer.includes(`<additional-data>${proof}</additional-data>`));
  assert.equal(tokenOf(answer), '', 'it is not due yet');
});

test('XEP-0484 §3.3: a wrong token, another client, another mechanism, and one without <fast/>', async () => {
  const { house, token } = await withToken();
  assert.match(await byToken(house, 'wrong'), /<not-authorized/);
  assert.match(await byToken(house, token, BIND, ''), /<invalid-mechanism/);
  const other = new Talk({ house });
  const digest = createHmac('sha256', token).update('Initiator').digest();
  const response = Buffer.concat([Buffer.from('anna\0'), digest]).toString('base64');
  const unbound = `<authenticate xmlns='${SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>${response}</initial-response>${AGENT}<fast xmlns='urn:xmpp:fast:0'/></authenticate>`;
  await other.says(HEADER);
  assert.match(await other.says(unbound), /<not-authorized/, 'a token is for the mechanism that it was asked for');
  house.now += 86_400_001;
  assert.match(await byToken(house, token), /<credentials-expired/);
});

test('XEP-0484 §3.4: a token is replaced when it is due; the old one is good until the new one was used', async () => {
  const { house, token } = await withToken();
  await byToken(house, token); // moves it into its place
  const again = tokenOf(await byToken(house, token, BIND + WANTED));
  assert.notEqual(again, '');
  assert.match(await byToken(house, token), /<bound/, 'the answer may have been lost on its way');
  const newest = tokenOf(await byToken(house, token, BIND + WANTED));
  assert.match(await byToken(house, newest), /<bound/);
  assert.match(await byToken(house, token), /<not-authorized/);
  assert.match(await byToken(house, again), /<not-authorized/, 'a token that was never used goes with its successor');
});

test('XEP-0484 §3.5: a client that logs out takes its token along', async () => {
  const { house, token } = await withToken();
  assert.match(await byToken(house, token, BIND, "<fast xmlns='urn:xmpp:fast:0' invalidate='true'/>"), /<bound/);
  assert.match(await byToken(house, token), /<not-authorized/);
});

test('XEP-0198 §8: a session is resumed together with the login; when it can not be, a new one is bound', async () => {
  const { house, token } = await withToken();
  const talk = new Talk({ house });
  await talk.says(HEADER);
  const bound = await talk.logsIn2(
    `${AGENT}<bind xmlns='urn:xmpp:bind:0'><enable xmlns='${SM}' resume='true'/></bind>`,
  );
  const id = /<enabled xmlns='[^']+' id='([^']+)'/.exec(bound)?.[1] ?? '';
  talk.outlet.send('<message/>');
  talk.connection.lost();
  const resume = (previd: string) => `<resume xmlns='${SM}' previd='${previd}' h='0'/>`;
  const answer = await byToken(house, token, `${resume(id)}${BIND}`);
  assert.match(
    answer,
    /<resumed xmlns='urn:xmpp:sm:3' h='0' previd='[^']+'\/><\/success><message\/><r xmlns='urn:xmpp:sm:3'\/>$/,
    'no features follow',
  );
  const gone = await byToken(house, token, `${resume('gone')}${BIND}`);
  assert.match(
    gone,
    /<failed xmlns='urn:xmpp:sm:3'><item-not-found[^>]+\/><\/failed><bound xmlns='urn:xmpp:bind:0'\/><\/success><stream:features>/,
  );
});

test('XEP-0480: a client hands in keys that its account lacks, after the login and before its success', async () => {
  const talk = new Talk({ missing: ['SCRAM-SHA-512'] });
  const features = await talk.says(HEADER);
  assert.match(features, /<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512<\/upgrade><\/authentication>/);
  assert.doesNotMatch(features, /<mechanism>SCRAM-SHA-512/, 'what not everybody can use is offered to nobody');
  const proceed = await talk.logsIn2(`<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>${BIND}`);
  assert.match(
    proceed,
    /^<continue xmlns='urn:xmpp:sasl:2'><additional-data>[^<]+<\/additional-data><tasks><task>UPGR-SCRAM-SHA-512<\/task><\/tasks><\/continue>$/,
  );
  assert.deepEqual(talk.house.opened, [], 'not in yet');
  const data = await talk.says(`<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-512'/>`);
  const [, rounds = '', salt = ''] =
    /<task-data xmlns='urn:xmpp:sasl:2'><salt xmlns='urn:xmpp:scram-upgrade:0' iterations='(\d+)'>([^<]+)</.exec(
      data,
    ) ?? [];
  const salted = await saltedPassword('SCRAM-SHA-512', 'pencil', Buffer.from(salt, 'base64'), Number(rounds));
  const hash = `<hash xmlns='urn:xmpp:scram-upgrade:0'>${salted.toString('base64')}</hash>`;
  const success = await talk.says(`<task-data xmlns='${SASL2}'>${hash}</task-data>`);
  assert.match(
    success,
    /^<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>anna@example.org\/Tester\/fresh0</,
  );
  assert.deepEqual(talk.house.stored, ['anna SCRAM-SHA-512']);
  assert.deepEqual(
    talk.house.keys['SCRAM-SHA-512'],
    keysOf('SCRAM-SHA-512', salted, Buffer.from(salt, 'base64'), 4096),
  );
});

test('XEP-0480: a task that is not done is a failed login', async () => {
  for (const wrong of [
    `<next xmlns='${SASL2}' task='UPGR-OTHER'/>`,
    `<task-data xmlns='${SASL2}'><hash xmlns='urn:xmpp:scram-upgrade:0'>AAAA</hash></task-data>`,
  ]) {
    const talk = new Talk({ missing: ['SCRAM-SHA-512'] });
    await talk.says(HEADER);
    await talk.logsIn2("<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>");
    assert.match(await talk.says(wrong), /<malformed-request/);
    assert.deepEqual(talk.house.stored, []);
    assert.match(await talk.logsIn2(BIND), /<bound/, 'another try is welcome');
  }
});

test('RFC 6120 §8.1.5: a stanza is of the language that its stream declared', async () => {
  const talk = new Talk();
  await talk.says(header(" xml:lang='de'"));
  await talk.logsIn();
  await talk.says(header(" xml:lang='de'"));
  await talk.says("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await talk.says("<message to='a@b'><body>hallo</body></message><message xml:lang='fr'/>");
  assert.deepEqual(talk.stanzas, [
    "message <message xml:lang='de' to='a@b'><body>hallo</body></message>",
    "message <message xml:lang='fr'/>",
  ]);
});

test('nobody but this machine logs in without TLS, in either profile', async () => {
  const talk = new Talk({ tls: null });
  assert.doesNotMatch(await talk.says(HEADER), /authentication|mechanism/);
  assert.match(await talk.says(`<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-256'/>`), /<encryption-required/);
  assert.equal(secured().version, 'TLSv1.3');
  assert.ok(KEYS);
});

test('a guard is asked before anything is looked up, and told how a login ended', async () => {
  const told: string[] = [];
  let refuse = false;
  const guard: LoginGuard = {
    begin: (name, network, by) => {
      told.push(`${by} of ${name} from ${network}`);
      return refuse
        ? undefined
        : {
            right: () => void told.push('right'),
            undecided: () => void told.push('undecided'),
            wrong: async () => void told.push('wrong'),
          };
    },
  };
  const talk = new Talk({ guard });
  await talk.says(HEADER);
  assert.match(await talk.logsIn('SCRAM-SHA-256', 'wrong'), /<not-authorized/);
  // a binding that nobody knows is no guess (ADR 0013): slixmpp tries three of them before it gets in
  assert.match(await talk.logsIn('SCRAM-SHA-256-PLUS', 'pencil', 'p=tls-unique,,'), /<not-authorized/);
  refuse = true;
  assert.match(await talk.logsIn(), /<temporary-auth-failure/);
  refuse = false;
  assert.match(await talk.logsIn(), /<success/);
  const asked = 'password of anna from 192.0.2.1';
  assert.deepEqual(told, [asked, 'wrong', asked, asked, 'right']);
});

test('a name is asked for once an exchange: who begins another has failed', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  const first = Buffer.from('n,,n=anna,r=abc').toString('base64');
  const auth = `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${first}</auth>`;
  assert.match(await talk.says(auth), /<challenge/);
  assert.match(await talk.says(auth), /<malformed-request/);
  for (let i = 0; i < 6; i++) await talk.says(auth);
  assert.match(await talk.says(auth + auth), /<policy-violation|^$/);
  assert.equal(talk.socket.ended, true, 'probing for iterations ends like guessing');
});

test('a password that was changed while a login went on gives neither a token nor a session', async () => {
  const house = new House();
  const talk = new Talk({ house });
  await talk.says(HEADER);
  house.stands = false;
  const answer = await talk.logsIn2(`${AGENT}${BIND}${WANTED}`);
  assert.match(answer, /<failure xmlns='urn:xmpp:sasl:2'><not-authorized/);
  assert.doesNotMatch(answer, /<token/);
  assert.deepEqual(await house.clients.tokens('anna', 'd4565fa7-4d72-4749-b3d3-740edbf87770'), []);
});

test('XEP-0480: who came with a token, or a certificate, has not shown the password, and hands in no keys', async () => {
  const house = new House({ missing: ['SCRAM-SHA-512'] });
  const first = new Talk({ house });
  await first.says(HEADER);
  const token = tokenOf(await first.logsIn2(`${AGENT}${BIND}${WANTED}`));
  const upgrade = "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>";
  assert.match(await byToken(house, token, `${BIND}${upgrade}`), /<success/);
});

test('a storage that is away is a temporary failure, however far the login was, and no guess of the client (RFC 6120 §6.5.12)', async () => {
  for (const profile of ['logsIn', 'logsIn2'] as const) {
    const whole = new House();
    const sound = new Talk({ house: whole });
    await sound.says(HEADER);
    await (profile === 'logsIn' ? sound.logsIn() : sound.logsIn2(BIND));
    assert.ok(whole.asked >= 2);
    for (let at = 0; at < whole.asked; at++) {
      const told: string[] = [];
      const guess = {
        right: () => void told.push('right'),
        undecided: () => void told.push('undecided'),
        wrong: async () => void told.push('wrong'),
      };
      const house = new House({ guard: { begin: () => guess } });
      const talk = new Talk({ house });
      await talk.says(HEADER);
      // more often than a connection may guess
      for (let i = 0; i < 7; i++) {
        house.asked = 0;
        house.outageAt = at;
        const answer = await (profile === 'logsIn' ? talk.logsIn() : talk.logsIn2(BIND));
        assert.match(answer, /<failure [^>]+><temporary-auth-failure/, `${profile}, question ${at}: ${answer}`);
        assert.equal(talk.socket.ended, false);
      }
      house.outageAt = undefined;
      assert.equal(told.includes('wrong'), false);
      assert.match(await (profile === 'logsIn' ? talk.logsIn() : talk.logsIn2(BIND)), /^<success/);
      assert.equal(house.opened.length, profile === 'logsIn' ? 0 : 1);
    }
  }
});
