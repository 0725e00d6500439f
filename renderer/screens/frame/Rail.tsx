import { Keyboard, ListTree, MoonStar, PackagePlus } from 'lucide-react';
import type { ReactNode } from 'react';
import { keysText, perform } from '../../stores/actions/actions.ts';
import { useApp } from '../../stores/app/app.ts';
import { useProvision } from '../../stores/provisioning/provision.ts';
import { nodeWorkOf } from '../../stores/provisioning/run-words.ts';
import { useRuns } from '../../stores/provisioning/runs.ts';
import { useRoute } from '../../stores/route/route.ts';

const SIZE = { size: 16, 'aria-hidden': true } as const;

export function Rail() {
  const route = useRoute((it) => it.route);
  const run = useRuns((it) => (route.screen === 'run' ? it.runs[route.runId] : undefined));
  const nodeOf = useProvision((it) => it.nodeOf);
  // what is done with one node belongs to its domain
  const ofNode = route.screen === 'provision' ? nodeOf !== null : run !== undefined && nodeWorkOf(run) !== undefined;
  const provisions = (route.screen === 'provision' || route.screen === 'run') && !ofNode;
  const { notice, theme } = useApp();
  return (
    <nav className="rail" aria-label="Pages">
      <div className="name">
        P<span>arley</span>
      </div>
      <Item icon={<ListTree {...SIZE} />} label="Fleet" keys="mod+1" action="go.fleet" here={!provisions} />
      <Item icon={<PackagePlus {...SIZE} />} label="Provision" keys="mod+n" action="go.provision" here={provisions} />
      <div className="foot">
        <p className="notice" role="status">
          {notice?.text}
        </p>
        <Item icon={<MoonStar {...SIZE} />} label={`Colours: ${theme}`} action="theme" />
        <Item icon={<Keyboard {...SIZE} />} label="Keys" keys="?" action="keys" />
      </div>
    </nav>
  );
}

interface ItemProps {
  readonly icon: ReactNode;
  readonly label: string;
  readonly action: string;
  readonly keys?: string;
  readonly here?: boolean;
}

function Item({ icon, label, action, keys, here }: ItemProps) {
  return (
    <button type="button" title={label} aria-current={here ? 'page' : undefined} onClick={() => perform(action)}>
      {icon}
      <span>{label}</span>
      {keys ? (
        <span className="kbd" aria-hidden="true">
          {keysText(keys)}
        </span>
      ) : null}
    </button>
  );
}
