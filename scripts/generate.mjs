// npm run generate: writes the files that are made from code: server-node/config/example.toml and docs/xeps.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeConfig } from '../server-node/config/config.ts';
import { modules } from '../server-node/modules/index.ts';
import { xepTable } from '../server-node/modules/table.ts';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'server-node/config/example.toml'), writeConfig(new Map()));
writeFileSync(join(root, 'docs/xeps.md'), xepTable(modules));
