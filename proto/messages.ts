/** The generated message classes, with 64-bit integers as numbers. Import them from here only. */
import './numbers.js';
import { lockstep } from './gen/messages.js';

export const control = lockstep.control;
export const data = lockstep.data;
export type { lockstep as wire } from './gen/messages.js';
