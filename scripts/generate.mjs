// npm run generate: writes the files that are made from code: server-node/config/example.toml, docs/xeps.md, parleyd.doap.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeConfig } from '../server-node/config/config.ts';
import { writeEdgeConfig } from '../server-node/config/edge-config.ts';
import { below } from '../server-node/modules/below.ts';
import { doap } from '../server-node/modules/doap.ts';
import { modules } from '../server-node/modules/index.ts';
import { xepTable } from '../server-node/modules/table.ts';
import { writeUnicodeTables } from './unicode-tables.mjs';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'server-node/config/example.toml'), writeConfig(new Map()));
writeFileSync(join(root, 'server-node/config/edge.example.toml'), writeEdgeConfig(new Map()));
writeFileSync(join(root, 'docs/xeps.md'), xepTable([...modules, ...below]));
writeFileSync(join(root, 'parleyd.doap'), doap([...modules, ...below]));
await writeUnicodeTables(root);
