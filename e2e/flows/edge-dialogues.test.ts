// Every dialogue again, with parleyd's connections in a process of their own: nobody may notice.
process.env['PARLEY_THROUGH'] = 'edge'; // before anything reads it
await import('./dialogues.test.ts');

export {};
