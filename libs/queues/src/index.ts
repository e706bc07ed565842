export { assertQueueBackend, chooseQueueBackend, type QueueBackend, type QueueUrls } from './queue-backend.js';
export { openMachineQueue, type MachineJob, type MachineQueue } from './machine-queue.js';
export { startMachineWorker, type MachineWorker, type MachineWorkerOptions } from './machine-worker.js';
