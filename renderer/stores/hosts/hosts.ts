import { create } from 'zustand';
import type { Host } from '../../../shared/console-api/hosts.ts';
import { call, on } from '../../api.ts';

interface HostsState {
  readonly hosts: readonly Host[];
}

export const useHosts = create<HostsState>()(() => ({ hosts: [] }));

export function listenToHosts(): void {
  on('hosts.changed', ({ hosts }) => useHosts.setState({ hosts }));
}

export async function loadHosts(): Promise<void> {
  useHosts.setState(await call('hosts.list', {}));
}

export const addressOf = ({ kind, user, address, port }: Host): string =>
  kind === 'local'
    ? 'this computer'
    : `${user}@${address.includes(':') ? `[${address}]` : address}${port === 22 ? '' : `:${port}`}`;
