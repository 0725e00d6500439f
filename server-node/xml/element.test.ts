import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from './chars.ts';
import { el, parseElement } from './element.ts';

test('an element is built with its namespaces, references and CDATA resolved', () => {
  const raw = encode(
    "<a xmlns:q='urn:q' id='1&amp;2'>é &lt;&#10;<q:b q:c='d'/><![CDATA[<x>]]><c xmlns='urn:c'><d/></c></a>",
  );
  const a = parseElement(raw, 'urn:a');
  assert.equal(a.ns, 'urn:a');
  assert.equal(a.attributes['id'], '1&2');
  assert.equal(a.text, 'é <\n<x>');
  assert.equal(a.child('b', 'urn:q')?.attributes['q:c'], 'd');
  assert.equal(a.child('c', 'urn:c')?.child('d')?.ns, 'urn:c');
  assert.equal(a.child('b'), undefined);
});

test('what is written is read again as the same', () => {
  const element = el(
    'm',
    'urn:m',
    { a: `"'<>&\n\t`, 'xml:lang': 'de' },
    'te<xt> & ',
    el('x', 'urn:x', {}, 'ü🎉'),
    el('y', 'urn:m'),
  );
  const raw = element.serialize();
  assert.deepEqual(parseElement(raw, ''), element);
  assert.equal(decode(raw).includes('ü🎉'), true);
});

test('an element within its own namespace does not name it again', () => {
  assert.equal(el('a', 'urn:a', {}, el('b', 'urn:a')).serialize('urn:a'), '<a><b/></a>');
});

test('line ends are what XML makes of them (XML 1.0 §2.11), and a reference keeps its character', () => {
  assert.equal(parseElement('<a>1\r\n2\r3&#13;4</a>', '').text, '1\n2\n3\r4');
});
