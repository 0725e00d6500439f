// A disk that is full: the server refuses what it would have to store, serves on, and recovers by itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

const skip = process.getuid?.() === 0 ? false : 'only root can mount a small disk: run as root';
const disk = mkdtempSync(join(tmpdir(), 'parleyd-disk-'));
let node: NodeUnderTest | undefined;
after(async () => {
  await node?.remove();
  if (skip === false) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

test('a full disk: refused with resource-constraint, others unharmed, and well again when there is room', {
  skip,
}, async () => {
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status, 0);
  node = await NodeUnderTest.make('example.org', [
    `storage.path=${join(disk, 'parley.db')}`,
    'limits.offline_messages=1000000',
    'limits.bytes_per_second=0',
    'limits.stanzas_per_second=0',
  ]);
  for (const name of ['anna', 'bert', 'away']) node.parleyd(['user', 'add', name], 'secret\n');
  await node.start();
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1024 * 1024));
  const [anna, bert] = [
    await RawClient.login(node.port, 'example.org', 'anna', 'secret'),
    await RawClient.login(node.port, 'example.org', 'bert', 'secret'),
  ];
  await bert.ask("<presence/><iq type='get' to='example.org' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", /id='1'/);

  let answer = '';
  let kept = 0;
  for (let i = 0; i < 400 && answer === ''; i++) {
    const heard = await anna.ask(
      `<message to='away@example.org' id='m${i}'><body>${'x'.repeat(20_000)}</body></message><iq type='get' to='example.org' id='p${i}'><ping xmlns='urn:xmpp:ping'/></iq>`,
      new RegExp(`id='p${i}'`),
    );
    if (heard.includes('<resource-constraint')) answer = heard;
    else kept++;
  }
  assert.match(answer, /type='error'.*<error type='wait'><resource-constraint/);
  assert.ok(kept > 10);
  await node.logs(/error an offline message failed: .*full/); // the answer may be here before the log is

  anna.send("<message to='bert@example.org' type='chat'><body>still here</body></message>");
  await bert.until(() => /still here/.test(bert.take()));

  rmSync(ballast);
  const again = await anna.ask(
    "<message to='away@example.org' id='again'><body>there is room</body></message><iq type='get' to='example.org' id='last'><ping xmlns='urn:xmpp:ping'/></iq>",
    /id='last'/,
  );
  assert.doesNotMatch(again, /<error/);
  const away = await RawClient.login(node.port, 'example.org', 'away', 'secret');
  const heard = await away.ask(
    "<presence/><iq type='get' to='example.org' id='end'><ping xmlns='urn:xmpp:ping'/></iq>",
    /id='end'/,
  );
  assert.equal(
    (heard.match(/<body>/g) ?? []).length,
    kept + 1,
    'what was acknowledged is there, what was refused is not',
  );
  assert.match(heard, /there is room/);
});

test('a file system that is read-only: the server says so instead of starting, and starts when it is mended', {
  skip,
}, async () => {
  const there = mkdtempSync(join(tmpdir(), 'parleyd-read-only-'));
  const mount = (...args: string[]) => assert.equal(spawnSync('mount', [...args, there]).status, 0);
  mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
  const other = await NodeUnderTest.make('example.org', [`storage.path=${join(there, 'parley.db')}`]);
  try {
    for (const name of ['anna', 'away']) other.parleyd(['user', 'add', name], 'secret\n');
    await other.start();
    const anna = await RawClient.login(other.port, 'example.org', 'anna', 'secret');
    const ping = "<iq type='get' to='example.org' id='1'><ping xmlns='urn:xmpp:ping'/></iq>";
    await anna.ask(`<message to='away@example.org' id='m'><body>kept</body></message>${ping}`, /id='1'/);
    await other.kill('SIGKILL');
    mount('-o', 'remount,ro');
    assert.match(other.parleyd(['run'], '', 1), /read-?only|unable to open|readonly/i);
    assert.match(other.parleyd(['storage', 'check'], '', 1), /DAMAGED .*(read-?only|unable to open|readonly)/i);
    mount('-o', 'remount,rw');
    assert.match(other.parleyd(['storage', 'check']), /is sound/);
    await other.start();
    const away = await RawClient.login(other.port, 'example.org', 'away', 'secret');
    assert.match(await away.ask(`<presence/>${ping}`, /id='1'/), /kept/);
  } finally {
    await other.remove();
    spawnSync('umount', [there]);
    rmSync(there, { recursive: true, force: true });
  }
});
