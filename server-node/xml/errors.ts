/** Why a stream can't be read on: the condition of RFC 6120 §4.9.3 that it is ended with, and words for the log. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly condition: XmlCondition;

  constructor(condition: XmlCondition, text: string) {
    super(text);
    this.condition = condition;
  }
}

export type XmlCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'not-well-formed'
  | 'policy-violation'
  | 'restricted-xml'
  | 'unsupported-encoding';
