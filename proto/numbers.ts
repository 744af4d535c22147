/**
 * Makes protobufjs read 64-bit integers as plain numbers. Ours count steps and bytes and stay far below 2^53; the Long
 * objects that protobufjs otherwise makes compare wrongly and vanish in JSON. Import before anything generated.
 */
import protobuf from 'protobufjs/minimal.js';

(protobuf.util as { Long: unknown }).Long = null;
protobuf.configure();
