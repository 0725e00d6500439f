import type { ReactNode } from 'react';
import type { DomainTab } from '../../stores/route/route.ts';

interface PanelProps {
  readonly tab: DomainTab;
  readonly title: string;
  readonly shown: boolean;
  readonly scrolls?: boolean;
  readonly children: ReactNode;
}

/** One part of the page: alone under its tab, or beside the others where there is room. */
export function Panel({ tab, title, shown, scrolls, children }: PanelProps) {
  return (
    <section
      id={`panel-${tab}`}
      className={`panel${shown ? ' selected' : ''}${scrolls ? ' scrolls' : ''}`}
      role="tabpanel"
      aria-label={title}
      tabIndex={scrolls ? 0 : undefined}
    >
      <h2>{title}</h2>
      {children}
    </section>
  );
}
