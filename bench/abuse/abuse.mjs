// npm run abuse [-- --seconds 5] [NAME ...]: attacks a running parleyd in every way that docs/abuse.md lists, and tells what
// the attacker got and what it did to two people who chat. Fails when a bystander lost a message, or a limit did not hold.
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { ATTACKS } from '../../e2e/abuse/attacks.ts';
import { sleep, Target } from '../../e2e/abuse/target.ts';
import { Witness } from '../../e2e/abuse/witness.ts';

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
const wanted = ATTACKS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);

const target = await Target.make();
const rows = [];
let bad = 0;
try {
  const witness = await Witness.come(target);
  await witness.during(() => sleep(2000)); // what the first seconds compile is no one's fault
  setPriority(10); // attackers have machines of their own: here they must not take the server's processor
  const calm = await witness.during(() => sleep(5000));
  console.log(`In peace: median ${ms(calm.p50)}, p99 ${ms(calm.p99)}, worst ${ms(calm.max)} ms.\n`);
  for (const attack of wanted) {
    await sleep(1500);
    const before = await witness.during(() => sleep(2000));
    const [cpu, memory, begun] = [target.cpu, target.memory, performance.now()];
    let outcome;
    const during = await witness.during(async () => {
      try {
        outcome = await attack.run(target, seconds);
      } catch (error) {
        outcome = { got: `the attack broke off: ${error.message}`, held: false };
      }
    });
    const took = (performance.now() - begun) / 1000;
    const load = ((target.cpu - cpu) / took) * 100;
    const grown = (target.memory - memory) / 1e6;
    const well = outcome.held && during.lost === 0 && before.lost === 0;
    if (!well) bad++;
    rows.push([
      attack.name,
      outcome.got,
      `${load.toFixed(0)} %`,
      `${grown >= 0 ? '+' : ''}${grown.toFixed(0)} MB`,
      `${ms(before.p50)} / ${ms(before.p99)}`,
      `${ms(during.p50)} / ${ms(during.p99)} / ${ms(during.max)}`,
      during.lost === 0 ? `all ${during.messages}` : `${during.lost} LOST`,
      outcome.held ? `held, p99 × ${(during.p99 / Math.max(before.p99, 0.01)).toFixed(1)}` : 'NOT HELD',
    ]);
    console.log(`${well ? 'ok    ' : 'FAILED'} ${attack.name}: ${outcome.got} (${took.toFixed(1)} s)`);
  }
  witness.leave();
} finally {
  await target.node.remove();
}
if (/ error /.test(target.node.log)) {
  bad++;
  console.log(
    `\nThe server's log has errors:\n${target.node.log
      .split('\n')
      .filter((line) => / error /.test(line))
      .slice(0, 5)
      .join('\n')}`,
  );
}

const head = [
  'attack',
  'what the attacker got',
  'CPU',
  'memory',
  'before: p50 / p99 ms',
  'during: p50 / p99 / max ms',
  'messages',
  'verdict',
];
console.log(`\n| ${head.join(' | ')} |\n|${head.map(() => '---').join('|')}|`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
console.log(`\n${rows.length - bad} of ${rows.length} as they should be.`);
process.exit(bad === 0 ? 0 : 1);

function ms(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}
