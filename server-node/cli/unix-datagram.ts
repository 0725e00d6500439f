const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends one datagram to a Unix socket; `@name` is the abstract name space. Neither runtime has an API for it: Bun calls
 * the C library, and under plain Node, which ships nowhere, nothing is sent.
 */
export async function sendUnixDatagram(address: string, text: string): Promise<void> {
  if (process.versions['bun'] === undefined) return;
  const { dlopen, ptr } = await import('bun:ffi');
  const { symbols: libc, close } = dlopen('libc.so.6', {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
    close: { args: ['i32'], returns: 'i32' },
  });
  const path = Buffer.from(address);
  if (address.startsWith('@')) path[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  const to = Buffer.concat([family, path]);
  const data = Buffer.from(text);
  const socket = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket >= 0) {
    libc.sendto(socket, ptr(data), data.length, MSG_NOSIGNAL, ptr(to), to.length);
    libc.close(socket);
  }
  close();
}
