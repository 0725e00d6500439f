import { call } from '../../api.ts';

/** What is done with one node of a domain; each answers with the run that can be followed. */
export const drainNode = async (domain: string, hostId: string): Promise<string> =>
  (await call('nodes.drain', { domain, hostId })).runId;

export const undrainNode = async (domain: string, hostId: string): Promise<string> =>
  (await call('nodes.undrain', { domain, hostId })).runId;

export const removeNode = async (domain: string, hostId: string, keepData: boolean): Promise<string> =>
  (await call('nodes.remove', { domain, hostId, keepData })).runId;

export const forgetNode = async (domain: string, hostId: string): Promise<void> => {
  await call('nodes.forget', { domain, hostId });
};
