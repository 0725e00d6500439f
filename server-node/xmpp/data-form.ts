import { type Element, el } from '../xml/element.ts';
import { NS } from './namespaces.ts';

/** A field's type (XEP-0004 §3.3). */
export type FieldType =
  | 'boolean'
  | 'fixed'
  | 'hidden'
  | 'jid-multi'
  | 'jid-single'
  | 'list-multi'
  | 'list-single'
  | 'text-multi'
  | 'text-private'
  | 'text-single';

export interface Field {
  readonly var?: string;
  readonly type?: FieldType;
  readonly label?: string;
  readonly required?: boolean;
  readonly values?: readonly string[];
  /** label and value of each choice */
  readonly options?: readonly (readonly [label: string, value: string])[];
}

export interface Form {
  readonly title?: string;
  readonly instructions?: string;
  readonly fields: readonly Field[];
}

const text = (name: string, content: string): Element => el(name, NS.dataForms, {}, content);

function fieldElement({ var: name, type, label, required, values = [], options = [] }: Field): Element {
  const attributes = { ...(name === undefined ? {} : { var: name }), ...(type === undefined ? {} : { type }) };
  return el(
    'field',
    NS.dataForms,
    label === undefined ? attributes : { ...attributes, label },
    ...(required === true ? [el('required', NS.dataForms)] : []),
    ...values.map((value) => text('value', value)),
    ...options.map(([label, value]) => el('option', NS.dataForms, { label }, text('value', value))),
  );
}

/** A form (XEP-0004 §3.1); `formType` becomes its hidden FORM_TYPE (XEP-0068 §3). */
export function formElement(type: 'form' | 'result', formType: string | undefined, form: Form): Element {
  const { title, instructions, fields } = form;
  const named: readonly Field[] =
    formType === undefined ? fields : [{ var: 'FORM_TYPE', type: 'hidden', values: [formType] }, ...fields];
  return el(
    'x',
    NS.dataForms,
    { type },
    ...(title === undefined ? [] : [text('title', title)]),
    ...(instructions === undefined ? [] : [text('instructions', instructions)]),
    ...named.map(fieldElement),
  );
}

/** What somebody filled in: the values of each field. */
export class Submission {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  private constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** The form of type `submit` within an element, or undefined when there is none or it is of another FORM_TYPE. */
  static in(parent: Element, formType?: string): Submission | undefined {
    const form = parent.child('x', NS.dataForms);
    if (form?.attributes['type'] !== 'submit') return undefined;
    const values = new Map<string, readonly string[]>();
    for (const field of form.all('field')) {
      const name = field.attributes['var'];
      if (name !== undefined)
        values.set(
          name,
          field.all('value').map((value) => value.text),
        );
    }
    const type = values.get('FORM_TYPE')?.[0];
    return formType !== undefined && type !== undefined && type !== formType ? undefined : new Submission(values);
  }

  /** The first value, '' when there is none. */
  one(name: string): string {
    return this.#values.get(name)?.[0] ?? '';
  }

  /** All values that are not empty. */
  all(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).map((value) => value.trim()).filter((value) => value !== '');
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** §3.3: 1 or true. */
  yes(name: string): boolean {
    return ['1', 'true'].includes(this.one(name));
  }
}
