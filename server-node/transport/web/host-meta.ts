/** Where a browser's client finds the way in (XEP-0156 §3): both links, in both forms. `base`: such as https://host:443 */
export interface WaysIn {
  readonly webSocket: string;
  readonly bosh: string;
}

export const waysIn = (base: string): WaysIn => ({
  webSocket: `${base.replace(/^http/, 'ws')}/xmpp-websocket`,
  bosh: `${base}/http-bind`,
});

const WEB_SOCKET = 'urn:xmpp:alt-connections:websocket';
const BOSH = 'urn:xmpp:alt-connections:xbosh';

/** host-meta in XRD (RFC 6415 §3). */
export const hostMeta = ({ webSocket, bosh }: WaysIn): string =>
  `<?xml version='1.0' encoding='utf-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n` +
  `  <Link rel='${BOSH}' href='${bosh}'/>\n  <Link rel='${WEB_SOCKET}' href='${webSocket}'/>\n</XRD>\n`;

/** The same in JRD. */
export const hostMetaJson = ({ webSocket, bosh }: WaysIn): string =>
  `${JSON.stringify({
    links: [
      { rel: BOSH, href: bosh },
      { rel: WEB_SOCKET, href: webSocket },
    ],
  })}\n`;
