// Attacks on the doors for browsers.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Attack, DOMAIN, sleep, type Target } from './target.ts';

/** A client's frame: masked. */
function frame(payload: string | Buffer, opcode = 1, final = true): Buffer {
  const mask = randomBytes(4);
  const bytes = Buffer.from(payload).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  const n = bytes.length;
  const length = n < 126 ? [0x80 | n] : [0x80 | 126, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...length]), mask, bytes]);
}

interface Web {
  readonly socket: Socket;
  readonly heard: { text: string; bytes: number };
  readonly gone: () => boolean;
}

async function webSocket(target: Target, from: string): Promise<Web> {
  const socket = target.socket(target.httpPort, from);
  const heard = { text: '', bytes: 0 };
  let closed = false;
  socket.on('data', (data: Buffer) => {
    heard.bytes += data.length;
    if (heard.text.length < 100_000) heard.text += data.toString('latin1');
  });
  socket.once('close', () => {
    closed = true;
  });
  socket.write(
    `GET /xmpp-websocket HTTP/1.1\r\nHost: ${DOMAIN}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
  );
  for (let i = 0; i < 100 && !heard.text.includes('\r\n\r\n'); i++) await sleep(20);
  return { socket, heard, gone: () => closed };
}

async function until(done: () => boolean, ms = 8000): Promise<boolean> {
  for (let i = 0; i < ms / 20 && !done(); i++) await sleep(20);
  return done();
}

const frames: Attack = {
  name: 'WebSocket: fragments without end, sizes announced, compression asked for',
  async run(target) {
    const wrong: string[] = [];
    const from = '127.0.67.1';
    const tries: [string, (web: Web) => void][] = [
      [
        '3000 empty fragments',
        ({ socket }) => {
          socket.write(frame('', 1, false));
          for (let i = 0; i < 3000; i++) socket.write(frame('', 0, false));
        },
      ],
      [
        'a frame of 2^62 bytes',
        ({ socket }) => socket.write(Buffer.from([0x81, 0xff, 0x3f, 255, 255, 255, 255, 255, 255, 255])),
      ],
      [
        'fragments of 1 MB',
        ({ socket }) => {
          socket.write(frame('<open', 1, false));
          for (let i = 0; i < 200; i++) socket.write(frame('x'.repeat(5000), 0, false));
        },
      ],
      ['a frame without a mask', ({ socket }) => socket.write(Buffer.from([0x81, 0x01, 0x61]))],
      ['a binary frame', ({ socket }) => socket.write(frame('x', 2))],
    ];
    for (const [what, attack] of tries) {
      const web = await webSocket(target, from);
      if (/permessage-deflate/i.test(web.heard.text)) wrong.push('compression was granted');
      attack(web);
      if (!(await until(web.gone))) wrong.push(what);
      web.socket.destroy();
    }
    return {
      got: wrong.length === 0 ? `${tries.length} sockets closed, no compression` : wrong.join(', '),
      held: wrong.length === 0,
    };
  },
};

const pings: Attack = {
  name: 'WebSocket: pings',
  async run(target, seconds) {
    const memory = target.memory;
    const reading = await webSocket(target, '127.0.67.2');
    const deaf = await webSocket(target, '127.0.67.2');
    deaf.socket.pause();
    const before = reading.heard.bytes;
    const end = Date.now() + Math.min(seconds, 3.5) * 1000; // the login time is over then
    const ping = Buffer.concat(Array.from({ length: 50 }, () => frame('x'.repeat(120), 9)));
    while (Date.now() < end) {
      for (const { socket } of [reading, deaf]) if (socket.writableLength < 200_000) socket.write(ping);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answered = reading.heard.bytes - before;
    const grown = target.memory - memory;
    reading.socket.destroy();
    deaf.socket.destroy();
    return {
      got: `${Math.round(answered / 1000)} kB of pongs; memory grew by ${Math.round(grown / 1e6)} MB`,
      held: answered < 1_300_000 + 80_000 * seconds && grown < 60e6,
    };
  },
};

const slowRequests: Attack = {
  name: 'HTTP: heads and bodies that never end',
  async run(target) {
    const many = 100;
    const sockets = Array.from({ length: many }, () => target.socket(target.httpPort, '127.0.67.3'));
    let closed = 0;
    for (const [i, socket] of sockets.entries()) {
      socket.once('close', () => closed++);
      socket.resume();
      socket.write(
        i % 2 === 0 ? 'GET / HTTP/1.1\r\n' : 'POST /http-bind HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n',
      );
    }
    const dripping = setInterval(() => {
      for (const [i, socket] of sockets.entries()) if (socket.writable) socket.write(i % 2 === 0 ? 'X: y\r\n' : 'x');
    }, 300);
    await until(() => closed === many, 12_000);
    clearInterval(dripping);
    for (const socket of sockets) socket.destroy();
    return { got: `${closed} of ${many} were let go in time`, held: closed === many };
  },
};

const requests: Attack = {
  name: 'HTTP: requests, as many as fit',
  async run(target, seconds) {
    const memory = target.memory;
    let answers = 0;
    const open = () => {
      const socket = target.socket(target.httpPort, '127.0.67.4');
      socket.on('data', (data: Buffer) => {
        answers += data.toString('latin1').split('HTTP/1.1 ').length - 1;
      });
      return socket;
    };
    let [socket, sockets] = [open(), 1];
    const end = Date.now() + seconds * 1000;
    const request = 'GET /.well-known/host-meta HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50);
    while (Date.now() < end) {
      if (socket.destroyed) {
        socket = open();
        sockets++;
      }
      if (socket.writableLength < 100_000) socket.write(request);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    const grown = target.memory - memory;
    return {
      got: `${sockets} sockets, ${answers} answered in ${seconds} s; memory grew by ${Math.round(grown / 1e6)} MB`,
      held: answers < 10_000 + 500 * seconds && grown < 100e6,
    };
  },
};

const boshBody = (content: string) =>
  `POST /http-bind HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${content.length}\r\n\r\n${content}`;

const boshSessions: Attack = {
  name: 'BOSH: sessions of one network',
  async run(target) {
    const before = await target.metric('parleyd_connections');
    const many = 1600;
    let refused = 0;
    const one = (i: number) =>
      new Promise<void>((resolve) => {
        const socket = target.socket(target.httpPort, '127.0.67.5');
        let text = '';
        socket.on('data', (data: Buffer) => {
          text += data.toString();
        });
        socket.once('close', () => {
          if (!/sid='/.test(text)) refused++;
          resolve();
        });
        socket.write(
          boshBody(
            `<body xmlns='http://jabber.org/protocol/httpbind' rid='${i}' to='${DOMAIN}' wait='60' hold='1' ver='1.6'/>`,
          ),
        );
      });
    for (let i = 1; i < many; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => one(i + k)));
    const open = (await target.metric('parleyd_connections')) - before;
    await until(() => false, 6000); // they have no login in time
    const left = (await target.metric('parleyd_connections')) - before;
    return {
      got: `${refused} of ${many} refused, ${open} at a time at most, ${left} left after the login time`,
      held: open <= 1000 && left <= 10,
    };
  },
};

export const WEB: readonly Attack[] = [frames, pings, slowRequests, requests, boshSessions];
