import { storesContract } from '../stores.contract.ts';
import { MemoryStores } from './memory-stores.ts';

storesContract('memory', async () => new MemoryStores());
