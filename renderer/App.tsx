import { DomainScreen } from './screens/domain/DomainScreen.tsx';
import { FleetScreen } from './screens/fleet/FleetScreen.tsx';
import { Frame } from './screens/frame/Frame.tsx';
import { ProvisionScreen } from './screens/provisioning/ProvisionScreen.tsx';
import { RunScreen } from './screens/provisioning/RunScreen.tsx';
import { useRoute } from './stores/route/route.ts';

export function App() {
  return (
    <Frame>
      <Screen />
    </Frame>
  );
}

function Screen() {
  const route = useRoute((it) => it.route);
  switch (route.screen) {
    case 'fleet':
      return <FleetScreen />;
    case 'provision':
      return <ProvisionScreen />;
    case 'run':
      return <RunScreen key={route.runId} runId={route.runId} />;
    case 'domain':
      return <DomainScreen key={route.domain} name={route.domain} tab={route.tab} adding={route.adding ?? false} />;
  }
}
