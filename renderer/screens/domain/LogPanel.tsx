// biome-ignore-all lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
import { useLayoutEffect, useRef } from 'react';
import { clock, fullTime } from '../../components/format.ts';
import { NOTHING, useDomain } from '../../stores/domain/domain.ts';
import { Panel } from './Panel.tsx';

interface LogPanelProps {
  readonly domain: string;
  readonly live: boolean;
  readonly shown: boolean;
}

/** What parleyd says, as it says it. It follows the end until somebody scrolls up. */
export function LogPanel({ domain, live, shown }: LogPanelProps) {
  const log = useDomain((it) => (it.known[domain] ?? NOTHING).log);
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines and being shown are what moves the end
  useLayoutEffect(() => {
    const el = box.current;
    if (el && follows.current) el.scrollTop = el.scrollHeight;
  }, [log, shown]);
  return (
    <Panel tab="log" title="Log" shown={shown}>
      {log.length === 0 ? (
        <p className="lead">
          {live ? 'parleyd has said nothing yet.' : 'The log can be read when the domain answers again.'}
        </p>
      ) : (
        <div
          className={`log${live ? '' : ' stale'}`}
          ref={box}
          role="log"
          aria-label="Log"
          aria-live="off"
          tabIndex={0}
          data-home={shown ? '' : undefined}
          onScroll={({ currentTarget: el }) => {
            follows.current = el.scrollTop + el.clientHeight > el.scrollHeight - 24;
          }}
        >
          {log.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name; equal ones are equal
            <div key={`${line.at} ${at}`} className={line.level}>
              <span className="time" title={fullTime(line.at)}>
                {clock(line.at)}
              </span>
              <span className="level">{line.level}</span>
              <span>{line.text}</span>
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}
