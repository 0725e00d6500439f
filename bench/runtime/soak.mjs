// Memory of a relay (bench/floor.mjs) while TLS clients connect, chat and leave.
// run: node soak.mjs MODE PORT CERT.pem COMMAND...      MODE: `soak:SECONDS:PER_SECOND` or `rounds:ROUNDS:CLIENTS`
//   e.g. node soak.mjs rounds:10:2000 6000 cert.pem ./floor-bun    (PORT and CERT.pem are appended to COMMAND; TLS on PORT+1)
// `rounds`: every round opens CLIENTS TLS sessions together, each chats once, all leave, 2 s of rest; prints the server's memory.
// `soak`: PER_SECOND clients start each second, each sends 20 messages to itself over 2 s and leaves; prints every 15 s.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

const [mode, portText, pem, ...command] = process.argv.slice(2);
const port = Number(portText);
const server = spawn(command[0], [...command.slice(1), String(port), pem], { stdio: ['ignore', 'inherit', 'inherit'] });
let over = false;
server.on('exit', (code, signal) => {
  if (!over) {
    console.log('SERVER ENDED', code, signal);
    process.exit(1);
  }
});
const rollup = () => {
  const text = readFileSync(`/proc/${server.pid}/smaps_rollup`, 'latin1');
  const mb = (name) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]) / 102.4) / 10;
  return `rss ${mb('Rss')} pss ${mb('Pss')} anon ${mb('Anonymous')} MiB`;
};
const cpu = () => {
  const f = readFileSync(`/proc/${server.pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) / 100;
};

let serial = 0,
  failed = 0,
  done = 0,
  messages = 0;
// One client: TLS, PLAIN, bind, `count` messages to itself, each echoed; resolves with the open socket.
function client(count, pause) {
  return new Promise((resolve, reject) => {
    const name = `u${serial++}`;
    const socket = connect({
      port: port + 1,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['xmpp-client'],
    });
    let step = 0,
      echoed = 0;
    const say = () => socket.write(`<message to='${name}@load.test/load'><body>${'x'.repeat(80)}</body></message>`);
    socket.setTimeout(20000, () => socket.destroy(new Error('timeout')));
    socket.on('secureConnect', () => socket.write(`<auth>${Buffer.from(`\0${name}\0pw`).toString('base64')}</auth>`));
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (step === 0 && text.includes('success')) {
        step = 1;
        socket.write("<iq type='set' id='b'/>");
      } else if (step === 1 && text.includes("id='b'")) {
        step = 2;
        say();
      } else if (step === 2 && text.includes('</message>')) {
        messages++;
        if (++echoed >= count) resolve(socket);
        else setTimeout(say, pause);
      }
    });
    socket.on('error', (error) => {
      failed++;
      reject(error);
    });
  });
}

await sleep(1000);
console.log(`${command.join(' ')}: start ${rollup()}`);
const [kind, a, b] = mode.split(':');
if (kind === 'rounds') {
  for (let round = 1; round <= Number(a); round++) {
    const sockets = [];
    for (let n = 0; n < Number(b); n += 50) {
      const settled = await Promise.allSettled(Array.from({ length: 50 }, () => client(1, 0)));
      for (const s of settled) if (s.status === 'fulfilled') sockets.push(s.value);
    }
    const full = rollup();
    done += sockets.length;
    for (const s of sockets) s.end();
    await sleep(2000);
    console.log(`round ${round}: ${sockets.length} open: ${full}; all left: ${rollup()}; cpu ${cpu()} s`);
  }
  await sleep(20000);
  console.log(`20 s later: ${rollup()}`);
} else {
  const started = Date.now();
  let printed = 0;
  while (Date.now() - started < Number(a) * 1000) {
    for (let n = 0; n < Number(b); n++)
      client(20, 100).then(
        (s) => {
          done++;
          s.end();
        },
        () => {},
      );
    await sleep(1000);
    if (Date.now() - started > (printed + 1) * 15000) {
      printed++;
      console.log(
        `${printed * 15} s: ${rollup()}; clients ${done}, messages ${messages}, failed ${failed}, cpu ${cpu()} s`,
      );
    }
  }
  await sleep(10000);
  console.log(`end, ${Number(a)} s, 10 s of rest: ${rollup()}`);
}
console.log(`clients ${done}, messages ${messages}, failed ${failed}`);
over = true;
server.kill('SIGTERM');
setTimeout(() => process.exit(0), 500);
