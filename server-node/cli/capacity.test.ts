import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capacity, machineOf } from './capacity.ts';

const files = (n: number) => `Limit                     Soft Limit           Hard Limit           Units
Max open files            ${n}              ${n}              files     
`;
const memory = (mib: number) => `MemTotal:        9999999 kB\nMemAvailable:    ${mib * 1024} kB\n`;

test('a machine as the unit sets it up carries what it is asked for', () => {
  const { ok, detail } = capacity({ limits: files(1_048_576), backlog: '4096\n', memory: memory(640) });
  assert.equal(ok, true);
  assert.match(detail, /1048448 connections/);
  assert.match(detail, /640 MiB/);
});

test('few descriptors, a short queue and little memory are wrong, each with what to do', () => {
  const { ok, detail } = capacity({ limits: files(1024), backlog: '128', memory: memory(20) });
  assert.equal(ok, false);
  assert.match(detail, /LimitNOFILE/);
  assert.match(detail, /somaxconn/);
  assert.match(detail, /less than 64 MiB/);
});

test('what cannot be read is not held against a machine', () => {
  assert.equal(capacity({ limits: undefined, backlog: undefined, memory: undefined }).ok, true);
  assert.equal(machineOf(undefined).limits, undefined);
});
