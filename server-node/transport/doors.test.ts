import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Doors } from './doors.ts';
import type { BoundListener } from './listener.ts';

/** Listeners in memory; an address that is taken refuses. */
function street() {
  const said: string[] = [];
  const taken = new Set<string>();
  const listen = async (address: string): Promise<BoundListener> => {
    if (taken.has(address)) throw new Error(`${address} is taken`);
    said.push(`open ${address}`);
    const at = address.replace(/:0$/, ':4711');
    return { address: at, close: () => said.push(`close ${at}`), reload: () => said.push(`reload ${at}`) };
  };
  return { said, taken, listen };
}

test('doors are opened again where they were, also those that had any port', async () => {
  const { said, listen } = street();
  const doors = new Doors();
  await doors.open('c2s', '*:5222', listen);
  await doors.open('http', '127.0.0.1:0', listen);
  doors.close();
  doors.close();
  assert.deepEqual(doors.addresses(), []);
  await doors.reopen();
  await doors.reopen();
  assert.deepEqual(said, [
    ...['open *:5222', 'open 127.0.0.1:0', 'close *:5222', 'close 127.0.0.1:4711'],
    ...['open *:5222', 'open 127.0.0.1:4711'],
  ]);
  assert.deepEqual(doors.addresses(), [
    { name: 'c2s', address: '*:5222' },
    { name: 'http', address: '127.0.0.1:4711' },
  ]);
});

test('when one can not be opened again none is, and it may be tried once more', async () => {
  const { taken, listen } = street();
  const doors = new Doors();
  await doors.open('c2s', '*:5222', listen);
  await doors.open('https', '*:443', listen);
  doors.close();
  taken.add('*:443');
  await assert.rejects(doors.reopen(), /\*:443 is taken/);
  assert.deepEqual(doors.addresses(), []);
  taken.clear();
  await doors.reopen();
  assert.equal(doors.addresses().length, 2);
});

test('a real port can be listened on again at once', async () => {
  const listen = (address: string) =>
    new Promise<BoundListener>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(Number(address.split(':')[1]), '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        resolve({ address: `127.0.0.1:${port}`, close: () => server.close() });
      });
    });
  const doors = new Doors();
  await doors.open('c2s', '127.0.0.1:0', listen);
  const before = doors.addresses();
  doors.close();
  await doors.reopen();
  assert.deepEqual(doors.addresses(), before);
  doors.close();
});
