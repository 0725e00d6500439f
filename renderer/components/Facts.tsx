import type { ReactNode } from 'react';

export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
  readonly mono?: boolean;
}

/** Names and values. */
export function Facts({ facts, across = false }: { readonly facts: readonly Fact[]; readonly across?: boolean }) {
  return (
    <dl className={`facts${across ? ' across' : ''}`}>
      {facts.map(({ name, value, mono }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={mono ? 'mono' : undefined}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
