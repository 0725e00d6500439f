import type { Declaration } from './declaration.ts';

/** What parleyd speaks below the modules, and within them without a module of its own; the table and the DOAP name it too. */
export const below: readonly Declaration[] = [
  { specification: 'RFC 5802', name: 'SCRAM-SHA-1' },
  { specification: 'RFC 6120', name: 'Streams, STARTTLS, SASL, binding, stanzas' },
  { specification: 'RFC 7622', name: 'Addresses' },
  { specification: 'RFC 7677', name: 'SCRAM-SHA-256' },
  { specification: 'XEP-0004', version: '2.13.2', name: 'Data forms' },
  { specification: 'XEP-0068', version: '1.3.0', name: 'Field standardization for data forms' },
  { specification: 'XEP-0128', version: '1.0.1', name: 'Service discovery extensions' },
  { specification: 'XEP-0203', version: '2.0', name: 'Delayed delivery' },
  { specification: 'XEP-0237', version: '1.3', name: 'Roster versioning, as RFC 6121 has it' },
  { specification: 'XEP-0297', version: '1.0', name: 'Stanza forwarding' },
  { specification: 'XEP-0334', version: '1.0.0', name: 'Message processing hints', status: 'partial' },
  { specification: 'XEP-0368', version: '1.1.0', name: 'TLS from the first byte' },
];
