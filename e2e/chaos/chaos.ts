// npm run chaos -- --faults N [--seed S] [--each N] [--minutes M] [--only kill,pause,...] [--mixed [--with COMMIT]]
import { parseArgs } from 'node:util';
import { parleydOf } from './earlier.ts';
import { possible, putAway, round } from './round.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '20' },
    each: { type: 'string', default: '10' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string' },
    mixed: { type: 'boolean', default: false },
    with: { type: 'string', default: 'HEAD~1' },
  },
});
const faults = Number(values.faults);
const each = Math.min(faults, Number(values.each));
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
// versions side by side: nodes come, go and give their people away
const only = (values.only ?? (values.mixed ? 'kill,stop,drain,pause' : undefined))?.split(',');
const earlier = values.mixed ? parleydOf(values.with) : undefined;
const until = values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(values.minutes) * 60_000;
for (const name of only ?? [])
  if (!possible().includes(name)) throw new Error(`faults here are: ${possible().join(', ')}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log('stopped: what was started is put away');
    void putAway().finally(() => process.exit(130));
  });

// faults come in rounds, each with a cluster and a seed of its own: so one can be replayed by itself
let done = 0;
const failed: string[] = [];
for (let seed = first; done < faults && Date.now() < until; seed++) {
  const count = Math.min(each, faults - done);
  console.log(`seed ${seed}: ${count} faults`);
  const { findings, sum } = await round({ seed: String(seed), faults: count, only, earlier, tell: console.log });
  done += count;
  console.log(`  ${findings.length === 0 ? 'holds' : 'BROKEN'}: ${sum}`);
  for (const { rule, text } of findings.slice(0, 20)) console.log(`    ${rule}: ${text}`);
  if (findings.length === 0) continue;
  failed.push(String(seed));
  console.log(
    `    e2e/artifacts/chaos-${seed}.json; again: npm run chaos -- --seed ${seed} --faults ${count} --each ${count}${only === undefined ? '' : ` --only ${only}`}`,
  );
}
console.log(
  `${done} faults, seeds ${first} to ${first + Math.ceil(done / each) - 1}: ${failed.length === 0 ? 'all holds' : `broken with seeds ${failed.join(', ')}`}`,
);
process.exit(failed.length === 0 ? 0 : 1);
