/**
 * Loaded into the demo's router before it starts (`node --import`): when the demo is gone, however it ended, the router
 * leaves too, as on SIGTERM. The router in a process group of its own would outlive a demo that was killed.
 * Not part of the product: a router that is started by itself knows nothing of this file.
 */

import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel !== undefined) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The leash alone keeps nothing alive.
  process.channel?.unref();
}
