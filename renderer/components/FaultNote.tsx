import type { ReactNode } from 'react';
import type { Fault } from '../../shared/errors.ts';

/** What happened, why, what to do; and the one button that likely helps. */
export function FaultNote({
  fault,
  tone = 'red',
  children,
}: {
  readonly fault: Omit<Fault, 'code'>;
  readonly tone?: 'red' | 'amber';
  readonly children?: ReactNode;
}) {
  return (
    <div className={`note ${tone}`} role={tone === 'red' ? 'alert' : undefined}>
      <p className="what">{fault.what}</p>
      {fault.why === '' ? null : <p>{fault.why}</p>}
      {fault.todo === '' ? null : <p>{fault.todo}</p>}
      {children ? <div className="buttons">{children}</div> : null}
    </div>
  );
}
