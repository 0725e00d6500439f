// Stands in for Electron's default app, which the package that the tests take Electron from lacks:
// `electron [flags] <app dir | file.js> [args]`
const { app } = require('electron');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const argv = process.argv.slice(1);
let at = 0;
for (; at < argv.length; at++) {
  // playwright-core preloads its loader with -r
  if (argv[at] === '-r') require(path.resolve(argv[++at]));
  else if (!argv[at].startsWith('-')) break;
}
if (argv.includes('--version')) {
  console.log(`v${process.versions.electron}`);
  app.exit(0);
} else if (at >= argv.length) {
  console.error('usage: electron <app>');
  app.exit(2);
} else {
  const target = path.resolve(argv[at]);
  process.argv.splice(1, at + 1, target); // argv[1] = the app's path, as in development
  let entry = target;
  if (fs.statSync(target).isDirectory()) {
    const manifest = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8'));
    app.setAppPath(target);
    app.setName(manifest.productName || manifest.name);
    app.setVersion(manifest.version);
    entry = path.join(target, manifest.main);
  }
  Module._load(entry, null, true);
}
