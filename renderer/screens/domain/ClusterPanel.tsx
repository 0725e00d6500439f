import { useEffect, useState } from 'react';
import { edgesOf, isAway, nameOf } from '../../../shared/console-api/cluster-view.ts';
import type { Domain, DomainNode } from '../../../shared/console-api/domains.ts';
import { Button } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { tell, tellFault } from '../../stores/app/app.ts';
import { drainNode, forgetNode, removeNode, undrainNode } from '../../stores/domain/nodes.ts';
import { startNode, startSeveral } from '../../stores/provisioning/provision.ts';
import { go } from '../../stores/route/route.ts';
import { EdgesTable } from './EdgesTable.tsx';
import { LeasesTable } from './LeasesTable.tsx';
import { LinksTable } from './LinksTable.tsx';
import { LocksSection } from './LocksSection.tsx';
import { isDraining, NodesTable } from './NodesTable.tsx';
import { Panel } from './Panel.tsx';

interface ClusterPanelProps {
  readonly domain: Domain;
  readonly shown: boolean;
  readonly live: boolean;
  readonly now: number;
}

type Asking = { readonly what: 'remove' | 'keep' | 'forget'; readonly node: DomainNode };

/** The nodes of the domain, what is between them, and what can be done with one. */
export function ClusterPanel({ domain, shown, live, now }: ClusterPanelProps) {
  const { name, nodes } = domain;
  const [selected, setSelected] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking | null>(null);
  const chosen = nodes?.find((it) => it.hostId === selected);
  const follow = (runId: string) => go({ screen: 'run', runId });
  const several = nodes !== undefined;
  const away = chosen !== undefined && isAway(chosen);
  const action = (id: string, label: string, enabled: boolean, perform: () => void, keys: string | null): Action => ({
    // keys are for what is looked at
    ...{ id: `nodes.${id}`, label, keys: shown ? keys : null, enabled: several && enabled, menu: 'Domain', perform },
  });
  const named = chosen ? nameOf(chosen) : 'the node';
  const actions = [
    action(
      'add',
      'Add a node',
      true,
      () => {
        startNode(name);
        go({ screen: 'provision' });
      },
      'n',
    ),
    action(
      'drain',
      `Drain ${named}`,
      chosen !== undefined && !away && !isDraining(chosen),
      () => {
        if (chosen) void drainNode(name, chosen.hostId).then(follow, tellFault);
      },
      'd',
    ),
    action(
      'undrain',
      `Undrain ${named}`,
      chosen !== undefined && !away && isDraining(chosen),
      () => {
        if (chosen) void undrainNode(name, chosen.hostId).then(follow, tellFault);
      },
      'd',
    ),
    action(
      'remove',
      `Remove ${named}`,
      chosen !== undefined && !away,
      () => {
        if (chosen) setAsking({ what: 'remove', node: chosen });
      },
      null,
    ),
    action(
      'keep',
      `Remove ${named}, keep its folder`,
      chosen !== undefined && !away,
      () => {
        if (chosen) setAsking({ what: 'keep', node: chosen });
      },
      null,
    ),
    action(
      'forget',
      `Forget ${named}: its host is lost`,
      away,
      () => {
        if (chosen) setAsking({ what: 'forget', node: chosen });
      },
      null,
    ),
  ];
  useEffect(() => offer('nodes', actions));
  if (nodes === undefined) return <Alone domain={domain} shown={shown} now={now} />;
  const confirm = () => {
    if (asking === null) return;
    const { what, node } = asking;
    setAsking(null);
    if (what === 'forget') {
      void forgetNode(name, node.hostId).then(() => tell(`Forgot ${nameOf(node)}.`), tellFault);
      setSelected(null);
    } else void removeNode(name, node.hostId, what === 'keep').then(follow, tellFault);
  };
  return (
    <Panel tab="cluster" title="Cluster" shown={shown} scrolls>
      <div className="cluster">
        <div className="toolbar">
          <span className={live ? undefined : 'stale'}>{summaryOf(nodes)}</span>
          <span className="gap" />
          {actions
            .filter((it) => it.enabled && it.id !== 'nodes.keep')
            .map((it) => (
              <Button key={it.id} {...pressable(it)}>
                {it.label}
              </Button>
            ))}
        </div>
        <NodesTable nodes={nodes} selected={selected} onSelect={setSelected} now={now} />
        <div className="parts">
          <LinksTable nodes={nodes} />
          <LeasesTable nodes={nodes} />
          <LocksSection nodes={nodes} now={now} />
          <EdgesTable rows={edgesOf(nodes)} now={now} />
        </div>
      </div>
      {asking ? (
        <ConfirmDialog
          title={
            asking.what === 'forget' ? `Forget ${nameOf(asking.node)}` : `Remove ${nameOf(asking.node)} from ${name}`
          }
          text={TEXTS[asking.what](asking.node.host)}
          word={nameOf(asking.node)}
          action={asking.what === 'forget' ? `Forget ${nameOf(asking.node)}` : `Remove ${nameOf(asking.node)}`}
          onClose={() => setAsking(null)}
          onConfirm={confirm}
        />
      ) : null}
    </Panel>
  );
}

const TEXTS: Readonly<Record<Asking['what'], (host: string) => string>> = {
  remove: (host) =>
    `Its people are sent to the other nodes, then parleyd is stopped and taken off ${host}. People and messages are in the domain's database and stay there.`,
  keep: (host) =>
    `Its people are sent to the other nodes, then parleyd is stopped. Its folder with configuration and certificate stays on ${host}.`,
  forget: (host) =>
    `Nothing is asked of ${host}. The other nodes have taken it for dead by themselves; Parley no longer knows it as one of the domain's. Should it come back, it is a node again: switch it off first.`,
};

function summaryOf(nodes: readonly DomainNode[]): string {
  const here = nodes.filter((it) => !isAway(it)).length;
  return here === nodes.length ? `${nodes.length} nodes` : `${here} of ${nodes.length} nodes answer`;
}

/** A domain on one host: what that means, and what the other way is. */
function Alone({ domain, shown, now }: Pick<ClusterPanelProps, 'domain' | 'shown' | 'now'>) {
  const { name, host, edges } = domain;
  return (
    <Panel tab="cluster" title="Cluster" shown={shown} scrolls>
      <div className="alone">
        <p className="lead">
          {`${name} runs on one host, ${host}, and keeps its people and messages in a file there. A domain over several hosts shares a PostgreSQL: it loses a host without losing its people, and gets another when it grows.`}
        </p>
        <p className="help">
          To bring {name} there, move it first: <code className="mono">parleyd storage move --help</code> on its host
          says how.
        </p>
        <Button
          onPress={() => {
            startSeveral();
            go({ screen: 'provision' });
          }}
        >
          Provision a domain over several hosts
        </Button>
      </div>
      {edges === undefined ? null : (
        <div className="cluster">
          <EdgesTable rows={edges.map((edge) => ({ edge, core: host }))} now={now} />
        </div>
      )}
    </Panel>
  );
}
