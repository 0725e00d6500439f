import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../digest.ts';
import { encode } from '../xml/chars.ts';
import { parseElement } from '../xml/element.ts';
import { capsText } from './caps.ts';
import { formElement, Submission } from './data-form.ts';
import { NS } from './namespaces.ts';

const info = (content: string) => parseElement(encode(`<query>${content}</query>`), NS.discoInfo).elements;
const ver = (content: string) => {
  const text = capsText(info(content));
  return text === undefined ? undefined : digest('sha-1', text);
};
const FEATURES = ['caps', 'disco#items', 'muc', 'disco#info']
  .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
  .join('');
const form = (type: string, ...more: string[]) =>
  `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>${type}</value></field>${more.join('')}</x>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const SOFTWARE = form(
  'urn:xmpp:dataforms:softwareinfo',
  field('software_version', '0.11'),
  field('ip_version', 'ipv6', 'ipv4'),
  field('os', 'Mac'),
  field('os_version', '10.5.1'),
  field('software', 'Psi'),
);

test('XEP-0115 §5.2: the simple example', () => {
  assert.equal(
    ver(`${FEATURES}<identity category='client' type='pc' name='Exodus 0.9.1'/>`),
    'QgayPKawpkPSDYmwT/WM94uAlu0=',
  );
});

test('XEP-0115 §5.3: the example with languages and a form, in any order', () => {
  const identities = ['en Psi 0.11', 'el Ψ 0.11'].map((given) => {
    const [lang, ...name] = given.split(' ');
    return `<identity xml:lang='${lang}' category='client' name='${name.join(' ')}' type='pc'/>`;
  });
  assert.equal(ver(`${SOFTWARE}${identities.join('')}${FEATURES}`), 'q07IKJEyjvHSyhy//CH0CxmKi8w=');
  assert.equal(ver(`${FEATURES}${identities.reverse().join('')}${SOFTWARE}`), 'q07IKJEyjvHSyhy//CH0CxmKi8w=');
});

test('XEP-0115 §5.4: what is there twice is ill-formed, a form without a hidden FORM_TYPE does not count', () => {
  const identity = "<identity category='client' type='pc'/>";
  for (const content of [
    `${identity}${identity}`,
    `${FEATURES}<feature var='http://jabber.org/protocol/muc'/>`,
    `${form('a')}${form('a')}`,
    "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field></x>",
  ])
    assert.equal(ver(content), undefined, content);
  assert.equal(ver(`${FEATURES}<x xmlns='jabber:x:data'>${field('FORM_TYPE', 'a')}</x>`), ver(FEATURES));
  assert.equal(ver(`${FEATURES}<x xmlns='jabber:x:data'>${field('os', 'a')}</x>`), ver(FEATURES));
  assert.notEqual(ver(`${FEATURES}${form('b')}${form('a')}`), ver(FEATURES));
});

test('XEP-0004: a form is written, and what was filled in is read', () => {
  const written = formElement('form', 'urn:x', {
    title: 'T',
    instructions: 'I',
    fields: [{ var: 'a', type: 'list-single', label: 'A', required: true, values: ['1'], options: [['One', '1']] }],
  });
  assert.equal(
    written.serialize(NS.dataForms),
    "<x type='form'><title>T</title><instructions>I</instructions>" +
      "<field var='FORM_TYPE' type='hidden'><value>urn:x</value></field>" +
      "<field var='a' type='list-single' label='A'><required/><value>1</value>" +
      "<option label='One'><value>1</value></option></field></x>",
  );
  const submit = (type: string, ...fields: string[]) =>
    info(`<c><x xmlns='jabber:x:data' type='${type}'>${fields.join('')}</x></c>`)[0] ?? assert.fail();
  const read = Submission.in(
    submit('submit', field('FORM_TYPE', 'urn:x'), field('b', ' 1 ', '', '2'), field('c', 'true')),
    'urn:x',
  );
  assert.deepEqual(
    [read?.all('b'), read?.one('b'), read?.one('z'), read?.has('z'), read?.yes('c')],
    [['1', '2'], ' 1 ', '', false, true],
  );
  assert.equal(Submission.in(submit('cancel')), undefined);
  assert.equal(Submission.in(submit('submit', field('FORM_TYPE', 'urn:y')), 'urn:x'), undefined);
  assert.notEqual(Submission.in(submit('submit'), 'urn:x'), undefined, 'old clients leave FORM_TYPE out');
});
