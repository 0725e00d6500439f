import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { onWindow } from './api.ts';
import { perform } from './stores/actions/actions.ts';
import { startApp, tellFault } from './stores/app/app.ts';
import { listenToDomains, reloadOpen } from './stores/domain/domain.ts';
import { listenToFleet, loadFleet } from './stores/fleet/fleet.ts';
import { listenToHosts, loadHosts } from './stores/hosts/hosts.ts';
import { listenToPrompts, loadPrompts } from './stores/prompts/prompts.ts';
import { listenToRuns, loadRuns } from './stores/provisioning/runs.ts';
import { leaveDomain } from './stores/route/route.ts';

listenToFleet(leaveDomain);
listenToHosts();
listenToPrompts();
listenToRuns();
listenToDomains();
onWindow('window.command', ({ id }) => perform(id));

// Once at the start, and again whenever the engine was started anew.
void startApp(() => {
  for (const load of [loadFleet, loadHosts, loadPrompts, loadRuns]) load().catch(tellFault);
  reloadOpen();
});

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
