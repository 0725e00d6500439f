import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Domain } from '../../../shared/console-api/domains.ts';
import { arranged, fits, kept } from './order.ts';

const domain = (name: string, state: Domain['health']['state'], sessions: number | null): Domain => ({
  ...{ name, hostId: 'h', host: `root@${name}`, version: '1', sessions, people: null, memoryBytes: null },
  ...{ startedAt: null, listeners: [], connection: null, createdAt: 0 },
  health: { state, since: 0, asOf: null, problem: null },
});
const fleet = Object.fromEntries(
  [domain('b', 'well', 3), domain('a', 'well', 9), domain('c', 'down', null)].map((it) => [it.name, it]),
);

test('what needs a look comes first, then by name', () => {
  assert.deepEqual(arranged(fleet, { key: 'health', descending: false }), ['c', 'a', 'b']);
});

test('numbers sort as numbers, what is unknown lowest', () => {
  assert.deepEqual(arranged(fleet, { key: 'sessions', descending: true }), ['a', 'b', 'c']);
});

test('rows stay where they are: the gone leave, the new come last', () => {
  assert.deepEqual(kept(['c', 'gone', 'b'], fleet), ['c', 'b', 'a']);
});

test('a filter is words that all have to fit, in any order', () => {
  assert.ok(fits(domain('acme.example', 'down', 1), 'DOWN acme'));
  assert.ok(!fits(domain('acme.example', 'down', 1), 'well'));
});
