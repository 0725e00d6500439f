import { after, test } from 'node:test';
import { PrivatePostgres, skipPostgres } from '../../../e2e/hosts/postgres.ts';
import { leasesContract } from '../leases.contract.ts';
import { storesContract } from '../stores.contract.ts';
import { PostgresLeases } from './leases.ts';
import { openPostgresStores } from './postgres-stores.ts';

if (skipPostgres !== false) test('PostgreSQL', { skip: skipPostgres }, () => {});
else {
  const server = PrivatePostgres.start({ sync: false });
  after(() => server.remove());
  let domains = 0;
  const fresh = () => ({ url: server.url, domain: `d${++domains}.example` });

  storesContract('postgres', () => openPostgresStores(fresh(), { create: true }));
  leasesContract('postgres', async () => {
    const options = fresh();
    await (await openPostgresStores(options, { create: true })).close();
    return [new PostgresLeases(options), new PostgresLeases(options)];
  });
}
