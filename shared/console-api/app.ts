import * as v from 'valibot';
import { method } from '../rpc.ts';

export const none = v.strictObject({});

export const AppInfo = v.object({
  version: v.string(),
  dataDir: v.string(),
  /** where secrets are kept; `none`: no keychain here and no vault made yet, so nothing is remembered */
  secrets: v.picklist(['keychain', 'vault', 'none']),
  /** the parleyd that provisioning would upload, by architecture; null: this copy of Parley carries none */
  release: v.nullable(v.object({ version: v.string(), architectures: v.array(v.string()) })),
  /** ports of a new domain, to fill the form with */
  defaults: v.object({ c2sPort: v.number(), c2sTlsPort: v.number(), sshPort: v.number() }),
  /** false where this computer can't run parleyd itself */
  canDemo: v.boolean(),
});
export type AppInfo = v.InferOutput<typeof AppInfo>;

export const appMethods = {
  'app.info': method(none, AppInfo),
};
