import type { KeyboardEvent } from 'react';
import type { DomainTab } from '../../stores/route/route.ts';

const TABS: readonly (readonly [DomainTab, string])[] = [
  ['people', 'People'],
  ['sessions', 'Sessions'],
  ['log', 'Log'],
  ['connection', 'Connection'],
  ['cluster', 'Cluster'],
];

export function Tabs({
  selected,
  onSelect,
}: {
  readonly selected: DomainTab;
  readonly onSelect: (tab: DomainTab) => void;
}) {
  const press = (event: KeyboardEvent<HTMLElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = TABS.findIndex(([tab]) => tab === selected);
    const [next] = TABS[(at + step + TABS.length) % TABS.length] ?? TABS[0] ?? ['people'];
    onSelect(next);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
    event.preventDefault();
  };
  return (
    <div className="tabs" role="tablist" aria-label="Parts of the domain" onKeyDown={press}>
      {TABS.map(([tab, label], at) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={tab === selected}
          aria-controls={`panel-${tab}`}
          tabIndex={tab === selected ? 0 : -1}
          onClick={() => onSelect(tab)}
        >
          {label}{' '}
          <span className="kbd" aria-hidden="true">
            {at + 1}
          </span>
        </button>
      ))}
    </div>
  );
}
