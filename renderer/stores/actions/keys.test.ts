import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accelerator, matches, shown } from './keys.ts';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false },
  ...held,
});

test('mod is Ctrl here and Cmd on a Mac', () => {
  assert.ok(matches('mod+k', press('k', { ctrlKey: true }), false));
  assert.ok(!matches('mod+k', press('k', { ctrlKey: true }), true));
  assert.ok(matches('mod+k', press('k', { metaKey: true }), true));
  assert.ok(!matches('mod+k', press('k'), false));
});

test('a bare letter is not the letter with Ctrl, Alt or Shift', () => {
  assert.ok(matches('a', press('a'), false));
  for (const held of ['ctrlKey', 'altKey', 'metaKey', 'shiftKey'] as const)
    assert.ok(!matches('a', press('a', { [held]: true }), false));
});

test('? is ? however the keyboard makes it', () => {
  assert.ok(matches('?', press('?', { shiftKey: true }), false));
  assert.ok(matches('?', press('?'), false));
});

test('shortcuts are shown and written as each side expects', () => {
  assert.equal(shown('mod+k', false), 'Ctrl K');
  assert.equal(shown('mod+k', true), '⌘K');
  assert.equal(shown('Delete', false), 'Del');
  assert.equal(accelerator('mod+n'), 'CommandOrControl+N');
});
