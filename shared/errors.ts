/** What every failure that a person may read consists of: what happened, why, and what to do next. */
export interface Fault {
  /** stable, for programs: `host-key-changed`, `disk-full` */
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly todo: string;
}

/** An expected failure. Anything thrown that is not a ParleyError is a bug and is reported as one. */
export class ParleyError extends Error implements Fault {
  override readonly name = 'ParleyError';
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly todo: string;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(`${fault.what} ${fault.why} ${fault.todo}`.trim(), options);
    this.code = fault.code;
    this.what = fault.what;
    this.why = fault.why;
    this.todo = fault.todo;
  }

  toJSON(): Fault {
    return { code: this.code, what: this.what, why: this.why, todo: this.todo };
  }
}

/** The fault that describes any thrown value; a bug keeps its own words as the reason. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ParleyError) return thrown.toJSON();
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 'bug',
    what: 'Parley met a case it was not built for.',
    why: words === '' ? "Parley can't tell why." : words,
    todo: 'Try again; if it happens twice, report it with the log.',
  };
}
