export const connectClient = null as never;
