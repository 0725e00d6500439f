// Attacks on passwords, and on who has an account.
import { RawClient } from '../clients/raw-client.ts';
import { type Attack, BAD, base64, HEADER, SASL, type Target } from './target.ts';

/** One wrong password by SCRAM; answers with the server's first message, the failure, and how long each took (ms). */
async function guess(target: Target, name: string, from = BAD, mechanism = 'SCRAM-SHA-256') {
  const client = RawClient.connect(target.node.port, from);
  await client.ask(HEADER, /<\/stream:features>/);
  const begun = performance.now();
  const auth = `<auth xmlns='${SASL}' mechanism='${mechanism}'>${base64(`n,,n=${name},r=abc`)}</auth>`;
  const challenge = await client.ask(auth, /<\/challenge>|<\/failure>/);
  const first = performance.now() - begun;
  const text = Buffer.from(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'base64').toString();
  const [, nonce = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(text) ?? [];
  let failure = challenge;
  if (text !== '') {
    const proof = Buffer.alloc(mechanism === 'SCRAM-SHA-1' ? 20 : 32, 1).toString('base64');
    const final = base64(`c=biws,r=${nonce},p=${proof}`);
    failure = await client.ask(`<response xmlns='${SASL}'>${final}</response>`, /<\/failure>|<\/success>/);
  }
  client.destroy();
  const condition = /<failure[^>]*><([a-z-]+)/.exec(failure)?.[1] ?? 'none';
  return { salt, rounds, condition, first };
}

async function many(target: Target, names: readonly string[], from: string) {
  const outcomes = new Map<string, number>();
  let next = 0;
  const work = async () => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      const { condition } = await guess(target, name, from);
      outcomes.set(condition, (outcomes.get(condition) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  return { checked: outcomes.get('not-authorized') ?? 0, refused: outcomes.get('temporary-auth-failure') ?? 0 };
}

const oneAccount: Attack = {
  name: 'guessing the password of one account',
  async run(target) {
    const { checked, refused } = await many(
      target,
      Array.from({ length: 300 }, () => 'bert'),
      '127.0.66.2',
    );
    const owner = await target.login('bert', '127.0.77.2');
    owner.destroy();
    return {
      got: `${checked} of 300 guesses were checked, ${refused} refused; the owner logs in from elsewhere`,
      held: checked <= 12 && refused > 0,
    };
  },
};

const spraying: Attack = {
  name: 'one guess for each of many names',
  async run(target) {
    const names = Array.from({ length: 400 }, (_, i) => `nobody${i}`);
    const { checked, refused } = await many(target, names, '127.0.66.3');
    return {
      got: `${checked} of 400 guesses were checked, ${refused} refused, ${400 - checked - refused} ended for taking too long`,
      held: checked <= 120 && refused > 0,
    };
  },
};

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const names: Attack = {
  name: 'probing for names: iterations, salts, answers, time',
  async run(target) {
    const wrong: string[] = [];
    const times: number[][] = [[], []];
    for (let i = 0; i < 40; i++) {
      for (const [which, name] of [`fan${i}`, `phantom${i}`].entries()) {
        // each from an address of its own, so that no budget is used up
        const [one, two] = [
          await guess(target, name, `127.0.${70 + which}.${i + 1}`),
          await guess(target, name, `127.0.${72 + which}.${i + 1}`, 'SCRAM-SHA-1'),
        ];
        times[which]?.push(one.first);
        const again = await guess(target, name, `127.0.${74 + which}.${i + 1}`);
        const same = one.salt === again.salt && one.salt.length === two.salt.length && one.salt !== two.salt;
        if (!same || one.rounds !== '4096' || two.rounds !== '4096') wrong.push(`${name} has other keys`);
        if (one.condition !== 'not-authorized' || again.condition !== 'not-authorized')
          wrong.push(`${name} ends otherwise`);
      }
    }
    const [real = 0, decoy = 0] = times.map(median);
    return {
      got:
        wrong.length === 0
          ? `40 names that exist and 40 that don't answer alike; median ${real.toFixed(2)} and ${decoy.toFixed(2)} ms`
          : wrong.slice(0, 3).join(', '),
      held: wrong.length === 0,
    };
  },
};

export const GUESSING: readonly Attack[] = [oneAccount, spraying, names];
