import { useState } from 'react';
import type { HostKey } from '../../../shared/console-api/hosts.ts';
import { Button } from '../../components/Button.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { Fingerprint } from '../../components/Fingerprint.tsx';
import { day } from '../../components/format.ts';
import { copy } from '../../stores/app/app.ts';
import { trust } from '../../stores/provisioning/provision.ts';

const HINTS: Readonly<Record<HostKey['knownHosts'], string>> = {
  same: 'Your ~/.ssh/known_hosts has this very key for this host.',
  different: 'Your ~/.ssh/known_hosts has another key for this host. Find out why before you go on.',
  silent: 'Your ~/.ssh/known_hosts does not know this host.',
};

/** Is this the right host? Asked once; a key that has changed stops everything. */
export function KeyCheck({ hostKey }: { readonly hostKey: HostKey }) {
  const { verdict, fingerprint, algorithm, randomart, trusted, knownHosts } = hostKey;
  const [same, setSame] = useState(false);
  const onCopy = (text: string) => copy(text, 'the fingerprint');
  if (verdict === 'changed' && trusted) {
    return (
      <section className="group">
        <FaultNote
          fault={{
            what: 'This host shows another key than before, so nothing was sent to it.',
            why: 'Either it was set up anew, or somebody stands between you and it and would read your password.',
            todo: 'Ask whoever runs the host for the fingerprint of its new key, by another way than this connection, and paste it below. Only then can the new key take the place of the old.',
          }}
        />
        <div className="box">
          <h2>The key it shows now ({algorithm})</h2>
          <Fingerprint value={fingerprint} randomart={randomart} onCopy={onCopy} comparable onCompared={setSame} />
          <div className="buttons">
            <Button look="danger" disabled={!same} onPress={() => void trust(true)}>
              Trust the new key
            </Button>
          </div>
        </div>
        <div className="box">
          <h2>The key you confirmed on {day(trusted.since)}</h2>
          <Fingerprint value={trusted.fingerprint} onCopy={onCopy} />
        </div>
      </section>
    );
  }
  return (
    <section className="group">
      <p className="lead">
        This is the first time that Parley meets this host. Compare its key with what its provider or its console shows;
        from then on Parley accepts no other.
      </p>
      <div className="box">
        <h2>Its key ({algorithm})</h2>
        <Fingerprint value={fingerprint} randomart={randomart} onCopy={onCopy} comparable />
        <p className={knownHosts === 'different' ? 'problem' : 'help'}>{HINTS[knownHosts]}</p>
        <p className="help">
          On the host itself:{' '}
          <code className="mono">ssh-keygen -lf /etc/ssh/ssh_host_{keyFile(algorithm)}_key.pub</code>
        </p>
      </div>
    </section>
  );
}

const keyFile = (algorithm: string): string =>
  /ed25519/i.test(algorithm) ? 'ed25519' : /ecdsa/i.test(algorithm) ? 'ecdsa' : 'rsa';
