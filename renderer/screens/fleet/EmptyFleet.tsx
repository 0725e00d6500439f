import { Button } from '../../components/Button.tsx';
import { FleetPicture } from '../../components/FleetPicture.tsx';
import { tellFault, useApp } from '../../stores/app/app.ts';
import { startDemo } from '../../stores/provisioning/runs.ts';
import { go } from '../../stores/route/route.ts';

export function EmptyFleet() {
  const canDemo = useApp((it) => it.info?.canDemo ?? false);
  const demo = () => void startDemo().then((runId) => go({ screen: 'run', runId }), tellFault);
  return (
    <main tabIndex={-1}>
      <div className="empty">
        <FleetPicture />
        <h1 className="sr">Fleet</h1>
        <p>
          Your domains will be listed here, once you have provisioned the first on a Debian, Ubuntu or RHEL host that
          you reach by SSH.
        </p>
        <div className="buttons">
          <Button look="primary" onPress={() => go({ screen: 'provision' })} autoFocus>
            Provision a domain
          </Button>
          {canDemo ? <Button onPress={demo}>Run demo.localhost on this computer</Button> : null}
        </div>
      </div>
    </main>
  );
}
