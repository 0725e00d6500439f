const { rooms, owners, pure } = require('./layers.cjs');
const tests = '\\.(test|contract|scenario|fixture)\\.tsx?$';
const forbidden = [
  { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'pure-means-pure',
    severity: 'error',
    from: { path: pure, pathNot: tests },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?url$' }, // which computes, and touches nothing
  },
  {
    name: 'every-file-has-a-room',
    severity: 'error',
    from: {},
    to: {
      path: '^(shared|server-node|main|renderer|e2e)/',
      pathNot: [...Object.values(rooms).map((r) => r.at), tests],
    },
  },
];
for (const [name, { at, may, siblings = true }] of Object.entries(rooms)) {
  const roof = name.split('/')[0];
  const reach = typeof may === 'string' ? [`^${roof}/`, '^shared/'] : may.map((n) => rooms[n].at);
  const self = siblings ? at : at.replace(/\(.*?\)/, '$1');
  forbidden.push({
    name: `layer:${name}`,
    severity: 'error',
    from: { path: at, pathNot: tests },
    to: { path: '^(shared|server-node|main|renderer|e2e)/', pathNot: [...reach, self] },
  });
}
for (const [pkg, owner] of Object.entries(owners))
  forbidden.push({
    name: `owner:${pkg}`,
    severity: 'error',
    from: { pathNot: [owner, tests, 'node_modules'] },
    to: { path: `node_modules/${pkg}/|^${pkg}$` },
  });
module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
