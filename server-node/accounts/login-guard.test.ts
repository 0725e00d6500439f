import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PasswordGuard } from './login-guard.ts';

function guarded() {
  const slept: number[] = [];
  const clock = { now: 0 };
  const guard = new PasswordGuard({
    perAccount: 3,
    perNetwork: 10,
    windowMs: 30_000,
    delayMs: 100,
    now: () => clock.now,
    sleep: async (ms) => void slept.push(ms),
  });
  const wrong = async (name: string, network: string | undefined, times = 1) => {
    for (let i = 0; i < times; i++) await guard.begin(name, network, 'password')?.wrong();
  };
  const may = (name: string, network: string | undefined, by: 'password' | 'token' = 'password') =>
    guard.begin(name, network, by) !== undefined;
  return { guard, slept, clock, wrong, may };
}

test('an attempt that nobody could decide costs nothing', () => {
  const guard = new PasswordGuard({ perAccount: 2, perNetwork: 3, windowMs: 1000, delayMs: 0, now: () => 0 });
  for (let i = 0; i < 20; i++) guard.begin('anna', '192.0.2.1', 'password')?.undecided();
  assert.ok(guard.begin('anna', '192.0.2.1', 'password'));
  assert.ok(guard.begin('anna', '192.0.2.1', 'password'));
  assert.equal(guard.begin('anna', '192.0.2.1', 'password'), undefined, 'nor does it give anything');
});

test('wrong passwords take longer each time, then are refused, and time heals', async () => {
  const { guard, slept, clock, wrong, may } = guarded();
  await wrong('anna', '192.0.2.1', 3);
  assert.deepEqual(slept, [100, 200, 400]);
  assert.deepEqual([may('anna', '192.0.2.1'), guard.refused, guard.wrong], [false, 1, 3]);
  clock.now = 10_000;
  assert.deepEqual([may('anna', '192.0.2.1'), may('anna', '192.0.2.1')], [true, false]);
});

test('the owner comes in from elsewhere, and by a token from anywhere', async () => {
  const { wrong, may } = guarded();
  await wrong('anna', '192.0.2.1', 20);
  assert.equal(may('anna', '198.51.100.7'), true);
  assert.equal(may('anna', '192.0.2.1', 'token'), true);
  assert.equal(may('bert', '192.0.2.1'), true);
});

test('a network that guesses at many is refused for all but those who have logged in from there', async () => {
  const { guard, wrong, may } = guarded();
  guard.begin('anna', '192.0.2.1', 'password')?.right();
  for (let i = 0; i < 20; i++) await wrong(`name${i}`, '192.0.2.1');
  assert.deepEqual([may('bert', '192.0.2.1'), may('anna', '192.0.2.1')], [false, true]);
  await wrong('anna', '192.0.2.1', 28);
  assert.equal(may('anna', '192.0.2.1'), true, 'ten times the budget of a stranger');
  assert.equal(may('anna', '192.0.2.1'), false);
});

test('many at a time gain nothing: a guess is paid for when it begins', () => {
  const { guard } = guarded();
  const under = Array.from({ length: 10 }, () => guard.begin('anna', '192.0.2.1', 'password'));
  assert.equal(under.filter((one) => one !== undefined).length, 3);
});

test('a right password costs nothing, and clears what was wrong before', async () => {
  const { guard, wrong, may } = guarded();
  for (let i = 0; i < 50; i++) guard.begin('anna', '192.0.2.1', 'password')?.right();
  await wrong('bert', '192.0.2.1', 2);
  guard.begin('bert', '192.0.2.1', 'password')?.right();
  await wrong('bert', '192.0.2.1', 2);
  assert.equal(may('bert', '192.0.2.1'), true);
});

test('with a limit for networks alone, right passwords cost nothing either', () => {
  const guard = new PasswordGuard({ perAccount: 0, perNetwork: 2, windowMs: 1000, delayMs: 0, now: () => 0 });
  for (let i = 0; i < 10; i++) guard.begin(`n${i}`, '192.0.2.1', 'password')?.right();
  assert.notEqual(guard.begin('x', '192.0.2.1', 'password'), undefined);
});

test('without a network only the account counts; memory has an end', async () => {
  const { guard, wrong, may } = guarded();
  for (let i = 0; i < 20; i++) await wrong(`n${i}`, undefined);
  assert.equal(may('anna', undefined), true);
  for (let i = 0; i < 60_000; i++) guard.begin(`x${i}`, undefined, 'password');
  assert.ok(guard.size <= 50_000);
});
