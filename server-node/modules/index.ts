import type { Module } from '../router/module.ts';
import { session } from './rfc-3921-session/index.ts';
import { roster } from './rfc-6121-roster/index.ts';
import { lastActivity } from './xep-0012-last-activity/index.ts';
import { disco } from './xep-0030-disco/index.ts';
import { privateXml } from './xep-0049-private-xml/index.ts';
import { commands } from './xep-0050-commands/index.ts';
import { vcard } from './xep-0054-vcard/index.ts';
import { registration } from './xep-0077-registration/index.ts';
import { version } from './xep-0092-version/index.ts';
import { components } from './xep-0114-components/index.ts';
import { caps } from './xep-0115-caps/index.ts';
import { admin } from './xep-0133-admin/index.ts';
import { contacts } from './xep-0157-contacts/index.ts';
import { offline } from './xep-0160-offline/index.ts';
import { blocking } from './xep-0191-blocking/index.ts';
import { ping } from './xep-0199-ping/index.ts';
import { time } from './xep-0202-time/index.ts';
import { carbons } from './xep-0280-carbons/index.ts';
import { clientAccess } from './xep-0494-client-access/index.ts';

/** What a node speaks. */
export const modules: readonly Module[] = [
  roster,
  session,
  disco,
  caps,
  version,
  lastActivity,
  contacts,
  offline,
  registration,
  commands,
  admin,
  blocking,
  ping,
  time,
  carbons,
  privateXml,
  vcard,
  clientAccess,
  components,
];
